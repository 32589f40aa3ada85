"""What surrounds the facts: greetings, closings, sentences that answer nothing, values that are not asked for.

``{name}`` draws a value of that kind, ``{word}`` a random word.
"""

from __future__ import annotations

NOISE = tuple(
    "Thanks for your help.|The weather was fine.|Let me know if anything is unclear.|{person} is in copy."
    "|Printed on {date}.|Our hotline is {phone}.|We moved from {city} last year.|A deposit of {amount} was mentioned earlier."
    "|See page {small}.|File {id} is unrelated.|{company} is a partner of ours.|Last checked at {time}.|Questions? Mail {email}."
    "|I hope this message finds you well.|Sorry for the late reply, it has been a busy week.|As discussed on the phone, I am sending the details in writing."
    "|Please have a look when you find the time.|We had a long talk about the {word} and the {word}.|The {word} is still with {company}."
    "|Nobody mentioned the {word} so far.|I was out of office until {date}.|My colleague {first} will be back on {date}."
    "|The old number {id} is no longer valid.|Last year it was {amount}, but that is history.|{person} from {city} sends regards."
    "|We will talk about the {word} another time.|There was some trouble with the {word}, but it is sorted out."
    "|Please ignore the earlier message about {product}.|This has nothing to do with case {id}.|The team in {city} has been told."
    "|It took us about {small} minutes to write this down.|Could you also send me the {word} report?|Nothing else has changed."
    "|The rest of the {word} stays as it was.|I will be at {address} in the afternoon.|We spoke at {time} and again later."
    "|{company} asked about it too, but they are not involved.|Attached you will find the {word} from {date}."
    "|The file name is {word}_{small}.|If in doubt, ask {person}.|More at {url}.|In the past we used {product} for that."
    "|Everybody was very kind.|The {word} and the {word} look good to me.|I still owe you an answer about the {word}."
    "|The coffee machine is broken again.|By the way, {first} is now in {city}.|We are all looking forward to the {word}."
    "|I copied this from the {word} of {date}.|No further action is needed on the {word}.|It was a pleasure to talk to you."
    "|Some of this may sound familiar.|You know how it is.|To keep it short, here are the facts.|Now to the main point."
    "|Everything else is as usual.|I have written it down below.|For the record:|This is what I found out.".split("|")
)

GREETINGS = tuple(
    "Hi {first},|Hello {first},|Dear {person},|Dear team,|Hello everyone,|Good morning,|Hi all,|Dear Sir or Madam,|Hey,"
    "|Hello {company} team,|To whom it may concern,".split("|")
)
CLOSINGS = tuple(
    "Best regards,|Kind regards,|Thanks,|Cheers,|Many thanks,|Sincerely,|All the best,|Yours,|Thank you and best wishes,".split("|")
)
SIGNATURES = (
    "{person}",
    "{first}",
    "{person}\n{job}",
    "{person}\n{company}",
    "{person}\n{job}, {company}\n{phone}",
    "{first}\n{email}",
    "{person}\n{company}\n{address}, {city}",
)
HEADERS = (
    "Subject: {title}",
    "From: {email}\nSubject: {title}",
    "From: {person}\nDate: {date}\nSubject: {title}",
    "To: {email}\nSubject: {word} {word}",
    "[{date} {time}]",
    "#{small} {title}",
)
