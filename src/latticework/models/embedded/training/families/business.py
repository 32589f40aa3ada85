"""Families about companies, money and contracts."""

# ruff: noqa: E501 (one field a line, however many clauses it has)
# fmt: off

from __future__ import annotations

from latticework.models.embedded.training.families.schema import Family, enum, family, flag, many, one

BUSINESS: tuple[Family, ...] = (
    family(
        "meeting",
        "|Calendar update:|Hi all,|Reminder.|Meeting invitation|We need to talk.",
        one("title", "title topic subject event_name", "The topic is {v}.|We will discuss {v}.|Meeting about {v}.|Subject: {v}.|It is about {v}.|On the agenda: {v}."),
        one("isodate", "date event_date day meeting_date", "It takes place on {v}.|We meet on {v}.|Date: {v}.|Scheduled for {v}.|The meeting is on {v}.|Block {v} in your calendar."),
        one("time", "start_time time starts_at begin", "We start at {v}.|It begins at {v}.|Starting time {v}.|From {v}.|The meeting starts at {v}.|Doors open and we kick off at {v}."),
        one("id", "room room_number place", "We are in room {v}.|Room {v}.|The room is {v}.|Meet in room {v}.|We booked conference room {v}."),
        one("person", "organizer host chair organized_by", "{v} is hosting.|Organised by {v}.|The host is {v}.|{v} invited everyone.|The meeting was called by {v}.|{v} will chair."),
        many("person", "attendees participants invited guests", "{v} will attend.|Participants: {v}.|The attendees are {v}.|Invited: {v}.|We expect {v}.|Seats are kept for {v}."),
        one("small", "duration_minutes duration length_minutes", "It takes {v} minutes.|Duration: {v} minutes.|Plan {v} minutes for it.|It will last {v} minutes."),
        flag("online is_remote virtual remote", "It is held online.|Join by video call.|We meet on a video call.|This is a remote meeting.", "It is in person only.|We meet on site.|Please come to the office.|No remote access."),
    ),
    family(
        "bank transfer",
        "|Account statement.|Transaction alert.|Your bank informs you.|A transfer was booked.",
        one("amount", "amount transfer_amount sum value", "{v} euros were transferred.|Amount: {v}.|The sum of ${v} was moved.|We booked {v}.|The amount is {v}.|{v} changed hands."),
        one("person", "sender payer from sent_by", "The sender is {v}.|From {v}.|{v} sent the money.|Paid by {v}.|The transfer came from {v}.|The money came from {v}."),
        one("company", "receiver payee to beneficiary recipient", "The receiver is {v}.|To {v}.|It was paid to {v}.|Beneficiary: {v}.|The money went to {v}.|{v} got the money."),
        one("isodate", "date booking_date transaction_date value_date", "Booked on {v}.|On {v}.|Date: {v}.|The booking date is {v}.|The transfer was made on {v}.|It happened on {v}."),
        one("id", "account account_number iban account_id", "Account {v}.|From account {v}.|The account number is {v}.|Account no. {v}|The account is {v}.|It was taken from {v}."),
        one("amount", "balance new_balance account_balance", "The new balance is {v}.|Balance: {v}.|Your account now holds {v}.|The balance after that is {v}.|That leaves {v}."),
        one("title", "reference purpose memo note", "Reference: {v}.|The purpose is {v}.|Memo {v}.|Marked as {v}.|The reference reads {v}.|The note says {v}."),
        one("currency", "currency", "The currency is {v}.|Currency: {v}.|It was booked in {v}.|Booked in {v}."),
        enum("type transaction_type kind", transfer="It is a transfer.|Type: transfer.|The type is transfer.", withdrawal="It is a withdrawal.|Type: withdrawal.|Cash was withdrawn.", deposit="It is a deposit.|Type: deposit.|Money was paid in."),
    ),
    family(
        "company profile",
        "|Company profile.|About us:|From the business register.|Here is a firm you should know.",
        one("company", "name company company_name firm", "The company is called {v}.|{v} is a young company.|Company: {v}.|We are {v}.|This is about {v}.|The register knows it as {v}."),
        one("person", "ceo founder managing_director headed_by", "The CEO is {v}.|It is headed by {v}.|Managing director: {v}.|{v} leads the company.|{v} runs the company."),
        one("year", "founded founded_in founding_year since", "It was founded in {v}.|Founded {v}.|Since {v}.|It has been around since {v}.|The company dates from {v}."),
        one("int", "employees headcount staff number_of_employees", "It employs {v} people.|Employees: {v}.|{v} people work there.|The staff counts {v}.|It has a team of {v}."),
        one("city", "headquarters city based_in seat", "It is based in {v}.|Headquarters: {v}.|The head office is in {v}.|It has its seat in {v}.|You find it in {v}."),
        one("amount", "revenue annual_revenue turnover sales", "The revenue is {v} million.|Revenue: {v} million euros.|It makes {v} million a year.|Turnover {v} million.|Sales reached {v} million."),
        one("url", "website url homepage web", "The website is {v}.|Website: {v}|Visit {v}|More on {v}|Look at {v}"),
        many("product", "products services offers portfolio", "It sells {v}.|Products: {v}.|The portfolio holds {v}.|It offers {v}.|Its products are {v}.|Customers know it for {v}."),
        flag("listed publicly_traded is_public", "It is listed on the stock exchange.|The shares are traded publicly.|It is a public company.|Anyone can buy its shares.", "It is not listed.|It is privately held.|It is a private company.|You cannot buy its shares."),
    ),
    family(
        "contract",
        "|Contract summary.|This agreement was signed.|Legal note:|Please file this contract.",
        one("id", "contract_number contract_id agreement_number", "The contract number is {v}.|Contract {v}.|Agreement no. {v}|It is filed as contract {v}.|The agreement runs under {v}."),
        one("company", "party_a provider contractor supplier", "The provider is {v}.|Provider: {v}.|It is provided by {v}.|{v} provides the service.|The service comes from {v}."),
        one("company", "party_b client customer principal", "The client is {v}.|Client: {v}.|It was signed with the client {v}.|{v} is the client.|The service goes to {v}."),
        one("isodate", "start_date effective_date valid_from begins_on", "It starts on {v}.|Valid from {v}.|Start date: {v}.|It takes effect on {v}.|It is in force from {v}."),
        one("isodate", "end_date expires_on valid_until termination_date", "It ends on {v}.|Valid until {v}.|End date: {v}.|It expires on {v}.|It runs out on {v}."),
        one("amount", "monthly_fee fee monthly_rate price", "The monthly fee is {v}.|Fee: {v} per month.|It costs {v} a month.|{v} euros are due every month.|Each month {v} has to be paid."),
        one("small", "notice_period notice_weeks notice", "The notice period is {v} weeks.|Notice: {v} weeks.|Cancel {v} weeks ahead.|You can leave with {v} weeks of notice."),
        flag("auto_renewal renews_automatically auto_renew", "It renews automatically.|Renewal is automatic.|It is prolonged on its own.|Unless cancelled, it goes on.", "It does not renew automatically.|There is no automatic renewal.|It has to be renewed by hand.|Without a new signature it ends."),
        enum("status contract_status", active="It is active.|Status: active.|The contract is in force.", draft="It is a draft.|Status: draft.|It has not been signed yet.", terminated="It was terminated.|Status: terminated.|Somebody ended it."),
    ),
    family(
        "insurance claim",
        "|Claim report.|I would like to report a damage.|Insurance claim|We had an accident.",
        one("id", "claim_number claim_id claim_no", "The claim number is {v}.|Claim {v}.|Claim no. {v}|We filed it as claim {v}.|The claim runs under {v}."),
        one("id", "policy_number policy policy_id", "The policy number is {v}.|Policy {v}.|My policy is {v}.|Insured under policy {v}.|It is covered by policy {v}."),
        one("person", "claimant policyholder insured", "The claimant is {v}.|{v} is the policyholder.|Claimant: {v}.|The claim was made by {v}.|{v} asks for payment."),
        one("isodate", "incident_date accident_date date_of_loss happened_on", "It happened on {v}.|Date of the incident: {v}.|The accident was on {v}.|The damage occurred on {v}.|The day was {v}."),
        one("amount", "damage damage_amount claimed_amount loss", "The damage is {v} euros.|Damage: {v}.|We claim {v}.|The loss amounts to {v}.|Repairs come to {v}."),
        one("note", "description what_happened details", "What happened: {v}.|Description: {v}.|In short: {v}.|The report says {v}.|It reads {v}."),
        enum("kind claim_type damage_type", fire="It was a fire.|Type: fire.|There was a fire.", water="It was water damage.|Type: water.|Water came in.", theft="It was theft.|Type: theft.|Something was stolen."),
        many("person", "witnesses witness_names seen_by", "Witnesses: {v}.|The witnesses are {v}.|It was seen by {v}.|{v} saw it.|{v} were there."),
        flag("police_informed police_report reported_to_police", "The police were informed.|There is a police report.|We called the police.|The police know about it.", "The police were not informed.|There is no police report.|We did not call the police.|The police know nothing."),
    ),
    family(
        "real estate",
        "|For rent!|Property listing.|A home for you.|New on the market.",
        one("address", "address street location", "The address is {v}.|It is at {v}.|Address: {v}.|You find it at {v}.|The house stands at {v}."),
        one("city", "city town place", "It is in {v}.|City: {v}.|Located in {v}.|You would live in {v}.|The town is {v}."),
        one("amount", "rent monthly_rent price cost_per_month", "The rent is {v}.|Rent: {v} a month.|It costs {v} per month.|You pay {v} a month.|Monthly rent {v}."),
        one("small", "rooms number_of_rooms room_count", "It has {v} rooms.|Rooms: {v}.|There are {v} rooms.|{v} rooms wait for you."),
        one("measure", "area size_sqm living_area square_metres", "The area is {v} square metres.|Size: {v} sqm.|It measures {v} sqm.|On {v} square metres there is much space."),
        one("isodate", "available_from free_from move_in_date", "Available from {v}.|It is free from {v}.|You can move in on {v}.|Move-in date: {v}.|The keys are handed over on {v}."),
        one("person", "agent landlord contact owner", "The landlord is {v}.|Contact: {v}.|Call the agent, {v}.|It is owned by {v}.|{v} shows it to you."),
        many("word", "features equipment extras", "Features: {v}.|It has {v}.|It comes with {v}.|Extras: {v}.|You will enjoy {v}."),
        flag("pets_allowed pets allows_pets", "Pets are allowed.|Pets are welcome.|You may bring pets.|Bring your dog.", "Pets are not allowed.|No pets.|Pets are not welcome.|Leave your dog elsewhere."),
        flag("furnished is_furnished", "It is furnished.|Furniture is included.|It comes furnished.|The furniture stays.", "It is unfurnished.|No furniture.|It comes without furniture.|Bring your own furniture."),
    ),
)
