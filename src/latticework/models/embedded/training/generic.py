"""Phrases for the generic family: random words as keys, random values, nothing but the schema says what is asked.

``{k}`` is the key in words, ``{K}`` the same with a capital, ``{v}`` the value. The ``*_HELD_OUT`` lists are never
used in training.
"""

from __future__ import annotations

SAYS = tuple(
    "The {k} is {v}.|{K}: {v}.|{K} {v}.|Its {k} is {v}.|{v} is the {k}.|We noted {v} as the {k}.|As {k} we have {v}."
    "|The {k} was given as {v}.|{K} = {v}|For the {k}, put {v}.|Regarding the {k}: {v}.|The {k} turned out to be {v}."
    "|You will find that the {k} is {v}.|{v} was entered as {k}.|With {v} as its {k}, it is complete.|Our {k}, {v}, is new."
    "|The {k} this time: {v}.|It has {v} as {k}.|I believe the {k} is {v}.|The current {k} is {v}.|Please use {v} as the {k}."
    "|They told us that the {k} is {v}.|The {k} ({v}) was checked.|The {k} changed to {v}.|According to the file, the {k} is {v}."
    "|We agreed on {v} for the {k}.|Let us say {v} for the {k}.|The {k} of the last entry is {v}.|{v} should be listed under {k}."
    "|My {k} is {v}.|Their {k} remains {v}.|{K} - {v}|The {k} stands at {v}.|{K} was set to {v}.|Set the {k} to {v}"
    "|Concerning {k}, the answer is {v}.|On the form the {k} reads {v}.|We have {v} down as {k}.|{K} is now {v}.".split("|")
)
SAYS_HELD_OUT = tuple(
    "The {k} should be {v}.|They listed {v} for {k}.|{K} -> {v}|I was told {v} is the {k}.|For {k} write {v}."
    "|The {k} happens to be {v}.|Under {k} it says {v}.|Its {k}? {v}.".split("|")
)

LISTS = tuple(
    "The {k} are {v}.|{K}: {v}.|Among the {k} are {v}.|We counted these {k}: {v}.|It comes with {v} as {k}.|{K} include {v}."
    "|As {k} we have {v}.|The list of {k} reads {v}.|You get {v} as {k}.|For {k} put {v}.|The {k} were {v}.|{K} {v}"
    "|The following {k} apply: {v}.|{v} are the {k}.|We recorded {v} under {k}.|Add {v} to the {k}.".split("|")
)
LISTS_HELD_OUT = tuple("They listed {v} for {k}.|The {k} consist of {v}.|{K} -> {v}|Under {k} it says {v}.".split("|"))

TRUE = tuple(
    "It is {k}.|{K}: yes.|{K}: true.|Yes, {k}.|The {k} applies.|It comes with {k}.|{K} is given.|{K} was confirmed."
    "|With {k}.|{K} is included.|We do have {k}.|The {k} box is ticked.|{K} - yes|The answer on {k} is yes.".split("|")
)
TRUE_HELD_OUT = tuple("{K} is present.|It does have {k}.|They said yes to {k}.".split("|"))
FALSE = tuple(
    "It is not {k}.|{K}: no.|{K}: false.|No {k}.|The {k} does not apply.|It comes without {k}.|{K} is missing."
    "|{K} was denied.|Without {k}.|{K} is not included.|We do not have {k}.|The {k} box is empty.|{K} - no"
    "|The answer on {k} is no.".split("|")
)
FALSE_HELD_OUT = tuple("{K} is absent.|It does not have {k}.|They said no to {k}.".split("|"))

UNKNOWN = tuple(
    "The {k} is unknown.|{K}: n/a|{K}: -|We do not know the {k} yet.|The {k} was not given.|No {k} was recorded."
    "|{K}: unknown|The {k} is still missing.|Nobody told us the {k}.".split("|")
)
UNKNOWN_HELD_OUT = tuple("The {k} is yet to be found.|{K}: none|Nothing is known about the {k}.".split("|"))

OPENINGS = ("", "", "", "Record.", "Notes follow.", "Summary of the entry.", "Here is what we know.", "Fact sheet.")
GROUPS = tuple("details info data meta contact party terms place person source context main extra payment summary".split())

KINDS = tuple(
    "person person company company city date date amount amount int int id id word word time email product product small"
    " invented rating title title country color job phone address url note measure year version percent language"
    " currency temperature isodate isodate isodate isodate".split()
)
LIST_KINDS = tuple("word word product product person city country id title color email int amount isodate".split())

# Keys of the held-out families and of the "key words" split; no trained key contains one of them.
HELD_OUT_WORDS = frozenset(
    "pet breed shelter fee adoption caretaker vaccinated artist venue concert door doors ticket genre car license plate"
    " mechanic mileage repair service recipe dish ingredients servings vegetarian cuisine minutes wine grape vineyard"
    " harvest bottle tasting alcohol museum exhibit curator donor sculpture gallery period".split()
)
