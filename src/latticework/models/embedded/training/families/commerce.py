"""Families about buying, selling and paying."""

# ruff: noqa: E501 (one field a line, however many clauses it has)
# fmt: off

from __future__ import annotations

from latticework.models.embedded.training.families.schema import Family, enum, family, flag, many, one

COMMERCE: tuple[Family, ...] = (
    family(
        "invoice",
        "|Please process the invoice below.|Billing notice.|See the attached bill.|We received a new invoice today.|Invoice",
        one("id", "invoice_number invoice_id invoice_no bill_number", "The invoice number is {v}.|This is invoice {v}.|Invoice no. {v}|Invoice {v}|We are writing about invoice {v}.|We have booked it under invoice {v}.|Quote invoice {v} when you pay."),
        one("company", "vendor supplier seller billed_by vendor_name", "It was issued by {v}.|{v} sent us this invoice.|Supplier: {v}.|The invoice comes from {v}.|{v} billed us for this.|The work was carried out by {v}.|Payment goes to {v}."),
        one("person", "customer client bill_to customer_name", "Bill to {v}.|The client is {v}.|{v} is the customer on file.|Customer name: {v}.|It was billed to {v}.|Please charge this to our client {v}."),
        one("amount", "total total_amount amount_due grand_total amount", "The total comes to ${v}.|Amount due: {v} USD.|You owe {v} euros in total.|Total {v}.|The total amount is {v} EUR.|We were charged {v} in total.|The full sum to be paid is €{v}.|All in all, {v} is to be paid."),
        one("isodate", "due_date payment_due due_on pay_by", "Payment is due on {v}.|Please pay by {v}.|It falls due {v}.|Due date {v}.|It is payable until {v}.|Settle this no later than {v}."),
        one("isodate", "invoice_date issued_on date issue_date", "It is dated {v}.|The invoice was issued on {v}.|Invoice date: {v}.|Issued {v}.|The date on the bill is {v}."),
        one("amount", "tax vat tax_amount vat_amount", "This includes {v} of VAT.|Tax: ${v}.|The tax part is {v}.|VAT amounts to €{v}.|Of this, {v} is sales tax."),
        one("currency", "currency currency_code", "All amounts are in {v}.|Currency: {v}.|The currency is {v}.|Please pay in {v}."),
        many("product", "items line_items positions goods", "The items are {v}.|It lists {v}.|Billed items: {v}.|We ordered {v}.|The bill covers {v}."),
        flag("paid is_paid settled", "It has already been paid.|This invoice is settled.|Paid in full, thank you.|It was paid last week.|We received the payment.", "It is still unpaid.|Payment is outstanding.|Not yet paid.|It has not been paid so far.|We have not received any payment."),
        enum("status invoice_status", open="The invoice is open.|Status: open.|It is still open.", paid="The status is paid.|Status: paid.|It has been marked as paid.", overdue="It is overdue.|Status: overdue.|The deadline has passed."),
    ),
    family(
        "order",
        "|Order received.|Hello, I want to order.|Shop log:|A new order came in.|Order confirmation",
        one("id", "order_id order_number order_no purchase_id", "Order {v}.|The order number is {v}.|Order number {v} is confirmed.|Your order is {v}.|This is about order {v}.|It runs under order {v}."),
        one("person", "buyer customer ordered_by customer_name", "{v} placed the order.|Ordered by {v}.|The buyer is {v}.|Customer: {v}.|The order was placed by {v}.|It was bought by {v}."),
        many("product", "items products articles goods", "It contains {v}.|Items: {v}.|They bought {v}.|The order consists of {v}.|I would like to order {v}.|The basket holds {v}.|In the box: {v}."),
        one("small", "quantity count number_of_items qty", "Quantity: {v}.|{v} pieces were ordered.|They want {v} of them.|Count {v}.|Please send {v} pieces.|Pack {v} of these."),
        one("address", "address shipping_address street deliver_to", "Ship to {v}.|The address is {v}.|Deliver it to {v}.|Street: {v}.|Please send it to {v}.|Bring it round to {v}."),
        one("amount", "total order_total amount sum", "The total is ${v}.|Order total {v}.|It adds up to {v}.|{v} euros altogether.|The sum is {v}.|All in all that makes {v}."),
        enum("status order_status state", shipped="It has been shipped.|Status shipped.|It left the warehouse.|The order is on its way.", pending="It is pending.|Status pending.|We are still waiting.|The order is being prepared.", cancelled="It was cancelled.|Status cancelled.|The buyer called it off.|The order was cancelled."),
        flag("gift is_gift gift_wrap", "It is a gift.|Please wrap it as a gift.|Gift wrapping was requested.|This is meant as a present.", "It is not a gift.|No gift wrapping.|No wrapping needed."),
        enum("payment_method paid_with payment", credit_card="Payment by credit card.|They paid by card.|A credit card was used.", bank_transfer="Payment by bank transfer.|They paid by transfer.|The money was transferred.", cash="Payment in cash.|They paid cash.|It was paid in cash."),
    ),
    family(
        "product",
        "|New in the shop.|Product sheet.|Catalog entry:|Let us introduce our newest product.",
        one("product", "name product_name item article", "Meet the {v}.|The product is called {v}.|Product: {v}.|We now sell the {v}.|This is the {v}.|Our latest item is the {v}."),
        one("company", "brand maker manufacturer made_by", "It is made by {v}.|Brand: {v}.|From {v}.|The manufacturer is {v}.|The brand is {v}.|{v} builds it."),
        one("amount", "price unit_price list_price cost", "It costs ${v}.|Price: {v}.|Yours for {v} euros.|It sells at {v}.|The price is {v} EUR.|Get one for only {v}."),
        many("color", "colors available_colors colours variants", "It comes in {v}.|Colours: {v}.|Available in {v}.|You can choose between {v}.|It is sold in {v}."),
        one("id", "sku article_number product_code item_number", "The SKU is {v}.|Article number {v}.|Order code {v}.|Item no. {v}|The product code is {v}.|Ask for {v} at the counter."),
        one("int", "stock quantity in_stock units_available", "We have {v} in stock.|{v} units left.|Stock: {v}.|There are {v} pieces available.|{v} of them remain in the warehouse."),
        one("rating", "rating score stars review_score", "Customers rate it {v}.|Rating: {v}.|It scores {v} out of 10.|It has {v} stars.|Reviewers gave {v}."),
        one("measure", "weight weight_kg weight_in_kg", "It weighs {v} kg.|Weight {v} kg.|The weight is {v} kg.|At {v} kg it is easy to carry."),
        flag("waterproof is_waterproof", "It is waterproof.|You can use it in the rain.|Water does no harm to it.", "It is not waterproof.|Keep it away from water.|Do not get it wet."),
        many("word", "tags categories keywords", "Tags: {v}.|It is filed under {v}.|Keywords: {v}.|Categories {v}.|Find it under {v}."),
    ),
    family(
        "receipt",
        "|Receipt|Thank you for shopping with us.|Here is your receipt.|Expense note.",
        one("company", "store merchant shop store_name", "Bought at {v}.|The store is {v}.|{v} thanks you.|Shop: {v}.|I went to {v}.|The purchase was made at {v}."),
        one("isodate", "purchase_date date bought_on", "Purchased on {v}.|Date of purchase: {v}.|It was bought on {v}.|The receipt is from {v}.|The purchase took place on {v}."),
        one("amount", "total total_paid amount_paid", "Total paid: {v}.|I paid {v}.|The total was ${v}.|Total: €{v}.|It came to {v}."),
        one("amount", "change change_given", "Change: {v}.|I got {v} back.|The change was {v}.|{v} was returned to me."),
        many("product", "items purchased_items articles", "Items: {v}.|I bought {v}.|The receipt shows {v}.|Purchased: {v}.|In the bag were {v}."),
        one("person", "cashier served_by clerk", "Your cashier was {v}.|Served by {v}.|Cashier: {v}.|{v} was at the till."),
        one("int", "points loyalty_points bonus_points", "You earned {v} points.|Points: {v}.|{v} bonus points were added.|Your card gains {v} points."),
        enum("payment payment_type paid_by", card="Paid by card.|Payment: card.|A card was used.", cash="Paid in cash.|Payment: cash.|Cash was used.", voucher="Paid with a voucher.|Payment: voucher.|A voucher was used."),
    ),
    family(
        "return",
        "|Return request.|I want to send something back.|Refund case:|Returns desk.",
        one("id", "return_id rma return_number case_id", "The return number is {v}.|Return {v}.|RMA: {v}.|Filed under return {v}.|Your return runs as {v}."),
        one("product", "product item returned_item", "I am returning the {v}.|The item is a {v}.|Returned item: {v}.|It concerns the {v}.|The {v} goes back."),
        enum("reason return_reason", damaged="It arrived damaged.|The reason is damage.|It was broken on arrival.|It came damaged.", wrong_item="I got the wrong item.|The wrong item was sent.|This is not what I ordered.|You sent something else.", too_late="It came too late.|It arrived too late.|The delivery took too long.|I no longer need it, it came too late."),
        one("amount", "refund refund_amount amount", "Please refund {v}.|The refund is {v}.|Refund amount: ${v}.|You will get {v} back.|{v} will be paid back."),
        one("person", "customer returned_by name", "Returned by {v}.|The customer is {v}.|My name is {v}.|Customer: {v}.|{v} sends it back."),
        one("isodate", "return_date returned_on received_on", "It was returned on {v}.|Returned on {v}.|Return date: {v}.|We got it back on {v}."),
        flag("opened is_opened package_opened", "The package was opened.|It has been opened.|The box is open.|The seal is broken.", "The package is unopened.|It has not been opened.|The box is still sealed.|The seal is intact."),
        flag("refunded is_refunded", "The money has been refunded.|It was refunded.|The refund is done.|The money is back on the account.", "No refund so far.|It has not been refunded.|The refund is still to come.|The money has not come back."),
    ),
)
