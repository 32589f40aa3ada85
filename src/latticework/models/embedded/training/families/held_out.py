"""Families for evaluation only: their keys and clauses are never trained."""

# ruff: noqa: E501 (one field a line, however many clauses it has)
# fmt: off

from __future__ import annotations

from latticework.models.embedded.training.families.schema import Family, enum, family, flag, many, one

HELD_OUT_FAMILIES: tuple[Family, ...] = (
    family(
        "pet adoption",
        "|Looking for a home.|Shelter news.",
        one("first", "pet_name", "This is {v}, a friendly animal.|Our guest is called {v}.|The pet is named {v}."),
        one("word", "breed", "The breed is {v}.|It is of the {v} breed.|Breed {v}."),
        one("small", "age_months", "It is {v} months old.|The age is {v} months."),
        one("company", "shelter", "You can visit at the shelter {v}.|The shelter is {v}.|Shelter: {v}."),
        one("amount", "adoption_fee", "The adoption fee is ${v}.|We ask for a fee of {v}."),
        one("person", "caretaker", "The caretaker is {v}.|{v} is its caretaker.|Ask the caretaker, {v}."),
        flag("vaccinated", "It is vaccinated.|It has been vaccinated.", "It is not vaccinated.|It has not been vaccinated yet."),
        enum("size", small="It is a small animal.|Its size is small.", medium="It is of medium size.|Its size is medium.", large="It is a large animal.|Its size is large."),
    ),
    family(
        "concert",
        "|Live on stage!|Gig guide.",
        one("person", "artist", "The artist is {v}.|{v} is the artist of the night.|Artist: {v}."),
        one("company", "venue", "The venue is {v}.|It is played at the venue {v}.|Venue: {v}."),
        one("isodate", "concert_date", "The concert is on {v}.|Concert date: {v}.|See the concert on {v}."),
        one("time", "doors_open", "Doors open at {v}.|The doors are open from {v}."),
        one("amount", "ticket_price", "Tickets cost {v} euros.|A ticket is ${v}.|The ticket price is {v}."),
        one("word", "genre", "The genre is {v}.|Genre: {v}.|It belongs to the {v} genre."),
        many("person", "support_acts", "The support acts are {v}.|Support acts: {v}.|{v} play as support acts."),
        flag("sold_out", "It is sold out.|The concert is sold out.", "It is not sold out.|The concert is not sold out yet."),
    ),
    family(
        "car workshop",
        "|Workshop report.|Your car is ready.",
        one("product", "car_model", "The car is a {v}.|Car model: {v}.|We looked at the car, a {v}."),
        one("id", "license_plate", "The license plate is {v}.|License plate {v}.|It carries the plate {v}."),
        one("person", "mechanic", "The mechanic was {v}.|{v} was the mechanic.|Mechanic: {v}."),
        one("int", "mileage", "The mileage is {v}.|Mileage: {v} km.|It shows a mileage of {v}."),
        one("amount", "repair_cost", "The repair costs {v}.|Repair cost: ${v}.|We charge {v} for the repair."),
        one("isodate", "next_service", "The next service is on {v}.|Next service {v}.|Come back for the next service on {v}."),
        many("word", "replaced_parts", "The replaced parts are {v}.|We replaced the parts {v}.|Replaced parts: {v}."),
        flag("roadworthy", "The car is roadworthy.|It is roadworthy.", "The car is not roadworthy.|It is not roadworthy."),
    ),
    family(
        "recipe",
        "|From our kitchen.|Cooking tonight?",
        one("title", "dish", "The dish is called {v}.|Dish: {v}.|Today's dish is {v}."),
        many("product", "ingredients", "The ingredients are {v}.|You need these ingredients: {v}.|Ingredients: {v}."),
        one("small", "servings", "It makes {v} servings.|Servings: {v}.|There are {v} servings in it."),
        one("small", "cooking_minutes", "It cooks for {v} minutes.|Cooking takes {v} minutes."),
        one("person", "chef", "The chef is {v}.|{v} is the chef.|Chef: {v}."),
        flag("vegetarian", "The dish is vegetarian.|It is vegetarian.", "The dish is not vegetarian.|It is not vegetarian."),
        enum("difficulty", easy="It is easy to cook.|The difficulty is easy.", medium="The difficulty is medium.|Medium difficulty.", hard="It is hard to cook.|The difficulty is hard."),
    ),
    family(
        "museum",
        "|Museum guide.|On display now.",
        one("title", "exhibit", "The exhibit is called {v}.|Exhibit: {v}.|See the exhibit {v}."),
        one("person", "curator", "The curator is {v}.|{v} is the curator.|Curator: {v}."),
        one("year", "created_year", "It was created in {v}.|The year it was created is {v}."),
        one("company", "donor", "The donor is {v}.|Donor: {v}.|It was given by the donor {v}."),
        one("int", "daily_visitors", "There are {v} daily visitors.|Daily visitors: {v}."),
        many("word", "materials", "The materials are {v}.|Materials: {v}.|It uses {v} as materials."),
        one("isodate", "closing_date", "The closing date is {v}.|It is closing on {v}.|Closing date: {v}."),
        enum("wing", north_wing="It stands in the north wing.|Go to the north wing.", south_wing="It stands in the south wing.|Go to the south wing.", west_wing="It stands in the west wing.|Go to the west wing."),
    ),
)
