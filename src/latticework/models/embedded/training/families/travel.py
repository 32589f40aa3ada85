"""Families about travelling and moving things."""

# ruff: noqa: E501 (one field a line, however many clauses it has)
# fmt: off

from __future__ import annotations

from latticework.models.embedded.training.families.schema import Family, enum, family, flag, many, one

TRAVEL: tuple[Family, ...] = (
    family(
        "flight",
        "|Your booking is confirmed.|Travel plan:|Itinerary.|Have a good trip!",
        one("id", "flight_number flight flight_no flight_code", "You are on flight {v}.|Flight {v}.|The flight number is {v}.|Board flight {v}.|Flight no. {v}|Your plane is {v}."),
        one("person", "passenger traveler passenger_name guest", "The passenger is {v}.|Booked for {v}.|Passenger name {v}.|{v} is travelling.|It was booked for {v}.|The seat is held for {v}."),
        one("city", "departure_city from departs_from departure origin", "You leave from {v}.|Departing {v}.|From {v}.|Departure city: {v}.|The flight leaves {v}.|Take-off is in {v}."),
        one("city", "arrival_city to arrives_in arrival destination", "You land in {v}.|Arriving in {v}.|To {v}.|Arrival city: {v}.|The flight goes to {v}.|Touch-down is in {v}."),
        one("isodate", "departure_date travel_date date fly_on", "You fly on {v}.|Date of travel {v}.|It departs on {v}.|Travel date: {v}.|The flight is on {v}.|Be at the airport on {v}."),
        one("id", "seat seat_number assigned_seat", "Your seat is {v}.|Seat {v}.|You sit in {v}.|The seat number is {v}.|We put you in seat {v}."),
        one("amount", "price fare ticket_cost cost", "The fare is ${v}.|Price {v}.|It costs {v} euros.|You paid {v}.|The price is {v}.|We charged {v} to your card."),
        one("company", "airline carrier operated_by", "The airline is {v}.|Operated by {v}.|Airline: {v}.|You fly with {v}.|{v} takes you there."),
        enum("cabin_class class travel_class", economy="You fly economy.|Class: economy.|The class is economy.", business="You fly business.|Class: business.|The class is business.", first="You fly first class.|Class: first.|It is a first class seat."),
        flag("refundable is_refundable", "The booking is refundable.|You can get your money back.|Refunds are possible.|Changed your mind? No problem.", "The booking is not refundable.|You cannot get your money back.|No refunds.|The money is gone if you cancel."),
    ),
    family(
        "hotel",
        "|Reservation details.|Thanks for booking.|Guest note:|Your stay is confirmed.",
        one("company", "hotel hotel_name property accommodation", "You stay at {v}.|The hotel is {v}.|Welcome to {v}.|Hotel: {v}.|We booked {v} for you.|Your bed is waiting at {v}."),
        one("person", "guest guest_name booked_by reserved_for", "The guest is {v}.|Reserved for {v}.|{v} made the booking.|Guest name: {v}.|The room is for {v}.|We look forward to seeing {v}."),
        one("isodate", "check_in check_in_date arrival from_date", "Check-in is on {v}.|You arrive on {v}.|From {v}.|Check in: {v}.|Arrival on {v}.|The room is ready on {v}."),
        one("isodate", "check_out check_out_date departure to_date", "Check-out is on {v}.|You leave on {v}.|Until {v}.|Check out: {v}.|Departure on {v}.|Please hand back the key on {v}."),
        one("small", "nights number_of_nights stay_nights", "{v} nights.|You stay for {v} nights.|Number of nights: {v}.|The stay is {v} nights.|It is a {v} night stay."),
        one("amount", "rate price_per_night nightly_rate room_rate", "The rate is {v} per night.|${v} a night.|Price per night: {v}.|You pay {v} per night.|Each night costs {v}."),
        flag("breakfast breakfast_included", "Breakfast is included.|With breakfast.|The price includes breakfast.|You can have breakfast here.", "Breakfast is not included.|Without breakfast.|Room only.|There is no breakfast."),
        many("word", "amenities facilities services", "Amenities: {v}.|The house offers {v}.|Facilities: {v}.|There is {v}.|You can use {v}."),
        enum("room_type room category", single="It is a single room.|Room type: single.|A room for one.", double="It is a double room.|Room type: double.|A room for two.", suite="It is a suite.|Room type: suite.|We gave you a suite."),
        one("city", "city location place", "The hotel is in {v}.|City: {v}.|It is located in {v}.|You stay in {v}.|Your trip goes to {v}."),
    ),
    family(
        "shipment",
        "|Shipping update.|Delivery notice:|Dear customer,|Your parcel is on its way.",
        one("id", "tracking_number tracking_id tracking_code parcel_id", "The tracking number is {v}.|Track it with {v}.|Tracking code: {v}.|Parcel {v} is on its way.|You can track it under {v}.|Follow the package using {v}."),
        one("company", "carrier courier shipped_by delivery_company", "It ships with {v}.|The carrier is {v}.|{v} will deliver it.|Handed over to {v}.|It was shipped by {v}.|{v} is bringing it."),
        one("person", "recipient receiver deliver_to addressee", "It is addressed to {v}.|The recipient is {v}.|For {v}.|{v} must sign for it.|It goes to {v}.|Hand it to {v} only."),
        one("city", "destination destination_city ship_to to_city", "It is going to {v}.|Destination: {v}.|To be delivered in {v}.|Headed for {v}.|The destination is {v}.|It ends its trip in {v}."),
        one("city", "origin origin_city ship_from from_city", "It left {v}.|Origin: {v}.|Sent from {v}.|It was picked up in {v}.|It comes from {v}.|The parcel started out in {v}."),
        one("measure", "weight_kg weight weight_in_kg", "It weighs {v} kg.|Weight {v} kg.|The box is {v} kg.|The weight is {v} kg.|At {v} kg it is not heavy."),
        one("isodate", "delivery_date eta arrival_date expected_on", "It should arrive on {v}.|Expected on {v}.|Delivery date {v}.|You will have it by {v}.|It will be delivered on {v}.|Arrival is planned for {v}."),
        many("product", "contents items goods", "Contents: {v}.|The box contains {v}.|It holds {v}.|Inside are {v}.|We packed {v}."),
        enum("status delivery_status state", in_transit="It is in transit.|Status: in transit.|It is on the road.", delivered="It was delivered.|Status: delivered.|You got it already.", delayed="It is delayed.|Status: delayed.|It takes longer than planned."),
        flag("express is_express express_delivery", "It goes by express.|Express delivery.|Sent as express.|It travels fast.", "It is not express.|Standard delivery.|No express.|It travels slowly."),
    ),
    family(
        "car rental",
        "|Rental agreement.|Your rental car.|Booking of a vehicle.|Rental desk:",
        one("person", "driver renter customer driver_name", "The driver is {v}.|Driver: {v}.|Rented by {v}.|The renter is {v}.|{v} will drive."),
        one("product", "vehicle model vehicle_model rented_vehicle", "The vehicle is a {v}.|Vehicle: {v}.|You get a {v}.|The model is {v}.|A {v} is waiting."),
        one("isodate", "pickup_date pick_up from start_date", "Pick-up on {v}.|You pick it up on {v}.|Pickup date: {v}.|It is yours from {v}.|Fetch it on {v}."),
        one("isodate", "return_date drop_off until end_date", "Return on {v}.|You return it on {v}.|Return date: {v}.|It is yours until {v}.|Bring it back on {v}."),
        one("city", "pickup_location pickup_city station", "The station is in {v}.|Pick-up in {v}.|You pick it up in {v}.|Pickup location: {v}.|The keys are in {v}."),
        one("amount", "daily_rate price_per_day rate", "The daily rate is {v}.|It costs {v} per day.|Price per day: {v}.|{v} a day.|Every day costs {v}."),
        one("int", "kilometers_included km_limit free_kilometers", "{v} kilometers are included.|Free kilometers: {v}.|The limit is {v} km.|You may drive {v} km."),
        flag("insurance_included fully_insured insured", "Insurance is included.|It is fully insured.|With insurance.|You are covered.", "Insurance is not included.|It is not insured.|Without insurance.|You are not covered."),
        enum("transmission gearbox", automatic="It is an automatic.|Transmission: automatic.|It shifts on its own.", manual="It has a manual gearbox.|Transmission: manual.|You shift yourself."),
    ),
    family(
        "trip report",
        "|Travel diary.|Back from the trip.|Trip report|We are home again.",
        many("city", "cities stops visited_cities places", "We visited {v}.|Stops: {v}.|The stops were {v}.|We went to {v}.|Cities: {v}.|Our route took us through {v}."),
        one("country", "country destination_country visited_country", "The country is {v}.|We were in {v}.|Country: {v}.|The trip went to {v}.|We saw {v}."),
        one("small", "days duration_days length", "It took {v} days.|Duration: {v} days.|We were away for {v} days.|{v} days in all.|After {v} days we were home."),
        one("amount", "budget expenses total_cost spent", "We spent {v}.|The costs were {v}.|Expenses: {v}.|The budget was {v}.|All of it cost {v}."),
        many("person", "travelers companions participants", "With me were {v}.|The travelers were {v}.|Participants: {v}.|{v} came along.|My companions were {v}."),
        one("rating", "rating score satisfaction", "I rate it {v}.|Rating: {v}.|The trip gets {v} points.|My score is {v}.|From me it gets a {v}."),
        one("temperature", "temperature average_temperature", "It was {v} degrees.|Temperature: {v}.|The temperature was {v}.|We had {v} degrees."),
        enum("transport means_of_transport travelled_by", train="We went by train.|Transport: train.|We took the train.", plane="We went by plane.|Transport: plane.|We flew.", car="We went by car.|Transport: car.|We drove."),
        flag("recommended would_recommend", "I would recommend it.|Recommended.|I recommend the trip.|You should go too.", "I would not recommend it.|Not recommended.|I do not recommend the trip.|You should stay home."),
    ),
)
