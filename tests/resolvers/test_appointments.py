from asyncio import gather
from itertools import pairwise
from typing import Any

import pytest

from base.ids import Kind
from tests.resolvers.figures import (
    CONFLICT,
    NOT_FOUND,
    SIGN_IN_FIRST,
    Figures,
    bad_input,
    contents,
    figures,
    ids_of_no,
    unchanged,
    winners,
)
from tests.studio import Answer, Studio

SHOWN = "id startsAt endsAt createdAt cancelledAt bookedBy { username } publication { customUrl }"
BOOK = f"""mutation($input: BookAppointmentInput!) {{
  bookAppointment(input: $input) {{ appointment {{ {SHOWN} }} }}
}}"""
CANCEL = f"mutation($id: ID!) {{ cancelAppointment(id: $id) {{ appointment {{ {SHOWN} }} }} }}"
NODE = f"query($id: ID!) {{ node(id: $id) {{ ... on Appointment {{ {SHOWN} }} }} }}"
UPDATE = (
    "mutation($input: UpdatePublicationInput!) { updatePublication(input: $input) { publication { id } } }"
)


def at(time: str) -> str:
    """A time of the day after the tests begin, in UTC."""
    return f"2023-06-16T{time}:00Z" if len(time) == 5 else f"2023-06-16T{time}Z"


async def book(studio: Studio, by: str | None, start: str, end: str, **input: Any) -> Answer:
    slot = {"startsAt": at(start), "endsAt": at(end)}
    return await studio.ask(BOOK, by, input={"publicationId": studio.publication, **slot, **input})


async def booked(studio: Studio, by: str, start: str, end: str) -> str:
    id: str = (await book(studio, by, start, end)).data["bookAppointment"]["appointment"]["id"]
    return id


async def cancel(studio: Studio, by: str | None, id: str) -> Answer:
    return await studio.ask(CANCEL, by, id=id)


async def test_an_appointment_is_shown_as_it_was_booked(studio: Studio) -> None:
    studio.clock.advance(minutes=1)
    slot = {"startsAt": "2023-06-16T12:00:00.25+02:00", "endsAt": "2023-06-16T10:30:00Z"}
    answer = await book(studio, "stranger", "00:00", "00:00", **slot)

    shown = answer.data["bookAppointment"]["appointment"]
    assert (await studio.ask(NODE, "stranger", id=shown["id"])).data == {"node": shown}
    del shown["id"]
    assert shown == {
        "startsAt": "2023-06-16T10:00:00.250000Z",
        "endsAt": "2023-06-16T10:30:00Z",
        "createdAt": "2023-06-15T12:01:00Z",
        "cancelledAt": None,
        "bookedBy": {"username": "stranger"},
        "publication": {"customUrl": "ai-research-studio"},
    }
    assert (await studio.count("appointments"), await studio.count("events")) == (1, 1)
    assert await figures(studio) == Figures(appointments=1, active=1)


async def test_only_the_two_sides_know_of_an_appointment(studio: Studio) -> None:
    id = await booked(studio, "stranger", "10:00", "11:00")

    knows = {by: not (await studio.ask(NODE, by, id=id)).errors for by in (*studio.people, None)}
    assert knows == {
        "owner": True,
        "cocreator": True,
        "stranger": True,
        "admin": False,
        "member": False,
        None: False,
    }
    assert (await studio.ask(NODE, "admin", id=id)).errors == [("NOT_FOUND", "node")]


async def test_slots_may_touch_but_never_overlap(studio: Studio) -> None:
    await booked(studio, "stranger", "10:00", "11:00")
    overlapping = [
        ("10:00", "11:00"),
        ("10:15", "10:45"),
        ("09:30", "10:30"),
        ("10:30", "11:30"),
        ("09:00", "12:00"),
        ("09:00", "10:00:00.000001"),
        ("10:59:59.999999", "12:00"),
    ]

    async with unchanged(studio):
        for by in ("stranger", "admin", "owner"):
            for start, end in overlapping:
                assert (await book(studio, by, start, end)).extensions == CONFLICT
        offset = {"startsAt": "2023-06-16T05:30:00-05:00", "endsAt": "2023-06-16T23:30:00+05:00"}
        assert (await book(studio, "admin", "10:00", "11:00", **offset)).extensions == CONFLICT
    for start, end in (("09:00", "10:00"), ("11:00", "12:00"), ("08:59:59.999999", "09:00")):
        assert (await book(studio, "admin", start, end)).errors == []
    assert await figures(studio) == Figures(appointments=4, active=2)


async def test_slots_of_two_publications_overlap_as_they_like(studio: Studio) -> None:
    other = await studio.add_publication("other-studio", "owner", allow_bookings=True)

    await booked(studio, "stranger", "10:00", "11:00")
    assert (await book(studio, "stranger", "10:00", "11:00", publicationId=other)).errors == []
    assert await figures(studio, url="other-studio") == Figures(appointments=1, active=1)


async def test_a_slot_lasts_from_a_microsecond_to_a_day_and_may_start_now(studio: Studio) -> None:
    for start, end in (
        ("2023-06-15T12:00:00Z", "2023-06-15T12:00:00.000001Z"),
        ("2023-06-15T13:00:00Z", "2023-06-16T13:00:00Z"),
        ("2999-12-31T00:00:00Z", "2999-12-31T00:30:00Z"),
    ):
        answer = await book(studio, "stranger", "", "", startsAt=start, endsAt=end)
        assert answer.errors == []
    assert await figures(studio) == Figures(appointments=3, active=1)


async def test_a_refused_booking_books_nothing(studio: Studio) -> None:
    closed = await studio.add_publication("quiet-studio", "owner")
    slots = [
        ("2023-06-15T11:59:59.999999Z", at("10:00"), bad_input("startsAt", "IN_THE_PAST")),
        ("2023-06-15T10:00:00Z", "2023-06-15T11:00:00Z", bad_input("startsAt", "IN_THE_PAST")),
        (at("10:00"), at("10:00"), bad_input("endsAt", "INVALID_SLOT")),
        (at("10:00"), at("09:59"), bad_input("endsAt", "INVALID_SLOT")),
        (at("10:00"), "2023-06-17T10:00:00.000001Z", bad_input("endsAt", "INVALID_SLOT")),
    ]

    async with unchanged(studio):
        assert (await book(studio, None, "10:00", "11:00")).extensions == SIGN_IN_FIRST
        for id in ids_of_no(Kind.PUBLICATION, studio.people["owner"].id):
            assert (
                await book(studio, "stranger", "10:00", "11:00", publicationId=id)
            ).extensions == NOT_FOUND
        for by in ("owner", "stranger"):
            refused = await book(studio, by, "10:00", "11:00", publicationId=closed)
            assert refused.extensions == bad_input("publicationId", "BOOKINGS_NOT_ALLOWED")
        for start, end, refusal in slots:
            assert (await book(studio, "stranger", "", "", startsAt=start, endsAt=end)).extensions == refusal
        without_offset = await book(studio, "stranger", "", "10:00", startsAt="2023-06-16T09:00:00")
        assert without_offset.code == "BAD_USER_INPUT"


async def test_bookings_follow_what_the_makers_allow(studio: Studio) -> None:
    id = await booked(studio, "stranger", "10:00", "11:00")
    input = {"id": studio.publication, "allowBookings": False}
    assert (await studio.ask(UPDATE, "cocreator", input=input)).errors == []

    refused = await book(studio, "stranger", "11:00", "12:00")
    assert refused.extensions == bad_input("publicationId", "BOOKINGS_NOT_ALLOWED")
    assert (await cancel(studio, "stranger", id)).errors == []

    assert (await studio.ask(UPDATE, "owner", input={**input, "allowBookings": True})).errors == []
    assert (await book(studio, "stranger", "11:00", "12:00")).errors == []


@pytest.mark.parametrize("by", ["stranger", "owner", "cocreator"])
async def test_both_sides_cancel_and_a_second_time_changes_nothing(studio: Studio, by: str) -> None:
    await booked(studio, "admin", "09:00", "10:00")
    id = await booked(studio, "stranger", "10:00", "11:00")
    studio.clock.advance(minutes=1)

    answer = await cancel(studio, by, id)

    shown = answer.data["cancelAppointment"]["appointment"]
    assert shown == {
        "id": id,
        "startsAt": "2023-06-16T10:00:00Z",
        "endsAt": "2023-06-16T11:00:00Z",
        "createdAt": "2023-06-15T12:00:00Z",
        "cancelledAt": "2023-06-15T12:01:00Z",
        "bookedBy": {"username": "stranger"},
        "publication": {"customUrl": "ai-research-studio"},
    }
    studio.clock.advance(minutes=1)
    async with unchanged(studio):
        assert (await cancel(studio, "stranger", id)).data == answer.data
    for maker in ("owner", "cocreator"):
        assert (await cancel(studio, maker, id)).data == answer.data
    assert (await studio.ask(NODE, "owner", id=id)).data == {"node": shown}
    assert (await studio.count("appointments"), await studio.count("events")) == (2, 3)
    assert await figures(studio) == Figures(appointments=1, active=2)


async def test_an_appointment_is_safe_from_everyone_else(studio: Studio) -> None:
    """It is not even known to them."""
    id = await booked(studio, "stranger", "10:00", "11:00")
    await studio.add_publication("other-studio", "member", allow_bookings=True)

    async with unchanged(studio):
        assert (await cancel(studio, None, id)).extensions == SIGN_IN_FIRST
        for by in ("admin", "member"):
            assert (await cancel(studio, by, id)).extensions == NOT_FOUND
        for unknown in ids_of_no(Kind.APPOINTMENT, studio.publication):
            assert (await cancel(studio, "stranger", unknown)).extensions == NOT_FOUND


async def test_a_cancelled_slot_is_free_again(studio: Studio) -> None:
    totals = []
    for by in ("stranger", "admin", "owner"):
        id = await booked(studio, by, "10:00", "11:00")
        studio.clock.advance(hours=1)
        totals.append((await figures(studio)).appointments)
        assert (await book(studio, "member", "10:30", "11:30")).extensions == CONFLICT
        await cancel(studio, by, id)
        studio.clock.advance(hours=1)
        totals.append((await figures(studio)).appointments)

    assert totals == [1, 0, 1, 0, 1, 0]
    assert (await studio.count("appointments"), await studio.count("events")) == (3, 6)


async def test_a_cancelled_appointment_leaves_the_day_on_which_it_was_booked(studio: Studio) -> None:
    id = await booked(studio, "stranger", "10:00", "11:00")
    await booked(studio, "admin", "11:00", "12:00")
    studio.clock.advance(days=1, hours=-3)
    await cancel(studio, "owner", id)

    async def appointments(first: str, last: str) -> int:
        return (await figures(studio, within=(first, last))).appointments

    assert await appointments("2023-06-15", "2023-06-15") == 1
    assert await appointments("2023-06-16", "2023-06-16") == 0
    assert await appointments("2023-06-01", "2023-06-30") == 1


@pytest.mark.parametrize("by", ["owner", "cocreator"])
async def test_what_a_maker_books_and_cancels_is_seen_at_once(studio: Studio, by: str) -> None:
    totals = [(await figures(studio)).appointments]
    id = await booked(studio, by, "10:00", "11:00")
    totals.append((await figures(studio)).appointments)
    await cancel(studio, by, id)
    totals.append((await figures(studio)).appointments)
    id = await booked(studio, "stranger", "10:00", "11:00")
    totals.append((await figures(studio)).appointments)
    await cancel(studio, by, id)
    totals.append((await figures(studio)).appointments)

    assert totals == [0, 1, 0, 1, 0]


async def test_what_others_book_and_cancel_is_seen_at_once(studio: Studio) -> None:
    totals = [(await figures(studio)).appointments]
    id = await booked(studio, "stranger", "10:00", "11:00")
    totals.append((await figures(studio)).appointments)
    await cancel(studio, "stranger", id)
    totals.append((await figures(studio)).appointments)

    assert totals == [0, 1, 0]


async def test_of_two_who_want_one_slot_at_once_one_gets_it(studio: Studio) -> None:
    for hour in range(10, 20):
        answers = await gather(
            book(studio, "stranger", f"{hour}:00", f"{hour}:40"),
            book(studio, "admin" if hour % 2 else "owner", f"{hour}:20", f"{hour + 1}:00"),
        )
        assert winners(answers) == 1

    studio.clock.advance(hours=1)
    assert (await studio.count("appointments"), await studio.count("events")) == (10, 10)
    assert (await figures(studio)).appointments == 10


async def test_of_many_slots_wanted_at_once_those_that_are_booked_do_not_overlap(studio: Studio) -> None:
    for hour in (10, 14):
        # Four pairs: the two of a pair overlap, and touch the next pair.
        pairs = [(n, n + 8, n + 4, n + 12) for n in range(0, 48, 12)]
        wanted = [slot for a, b, c, d in pairs for slot in ((a, b), (c, d))]
        answers = await gather(
            *(
                book(studio, by, f"{hour}:{start:02}", f"{hour}:{end:02}")
                for start, end in wanted
                for by in ("stranger", "owner", "admin")
            )
        )
        assert winners(answers) == 4
    answers = await gather(
        *(book(studio, ("member", "cocreator")[n % 2], f"20:{n:02}", f"20:{n + 1:02}") for n in range(20))
    )
    assert winners(answers) == 20

    slots = sorted(
        (row.starts_at, row.ends_at) for row in (await contents(studio.services.database))["appointments"]
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(slots))
    assert (len(slots), await studio.count("events")) == (28, 28)


async def test_an_appointment_cancelled_by_both_sides_at_once_is_taken_back_once(studio: Studio) -> None:
    for _ in range(5):
        id = await booked(studio, "stranger", "10:00", "11:00")
        answers = await gather(*(cancel(studio, by, id) for by in ("stranger", "owner", "cocreator")))
        assert [answer.errors for answer in answers] == [[]] * 3

    studio.clock.advance(hours=1)
    assert (await studio.count("appointments"), await studio.count("events")) == (5, 10)
    assert (await figures(studio)).appointments == 0
