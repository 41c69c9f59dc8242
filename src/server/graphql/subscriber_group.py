"""A group of subscribers who get the same answers. One task makes these, once for all of them."""

from asyncio import Event, Future, Task, TimerHandle, create_task, gather, get_running_loop, sleep, timeout
from collections.abc import Callable
from contextlib import ExitStack, suppress
from contextvars import Context as Variables

from base.errors import Unavailable
from database import current_usage, metered
from execution.subscriptions import last_result, result_anew
from resolvers.context import Context
from resolvers.subscriptions import spend_again
from server.graphql.answers import Answer
from server.graphql.errors import expected_in
from server.graphql.requested_documents import RequestedOperation
from server.graphql.shared_answers import SharedAnswer, digest_of, shared_answer
from server.graphql.to_its_end import to_its_end

_AGAIN_SECONDS = 1.0
"""While the database is away, the next answer is tried again after so long."""
_AT_ONCE = 200
"""Subscribers who are told in one pass of the event loop. To send an answer takes some 40 us."""


class SubscriberGroup:
    """It makes an answer when something has changed and a subscriber waits for it, at most once in the
    interval of its subscribers. It ends when the last of them has left.
    """

    def __init__(
        self, context: Context, asked: RequestedOperation, on_end: Callable[["SubscriberGroup"], None]
    ) -> None:
        """`context` is the group's own. The subscribers come and go."""
        assert context.source, "a group is for a source"
        self._context = context
        self._asked = asked
        self._on_end = on_end
        self.seconds = context.source.seconds
        self.begun = 0
        """The number of the last answer whose reading began."""
        self.latest: SharedAnswer | None = None
        self.subscribers: set[Subscriber] = set()
        self.waiting: dict[Subscriber, None] = {}
        self._another_waits = Event()
        self._next_at = 0.0
        """When the next answer may be made, by the clock of the event loop."""
        self._is_making = False
        self._watching = ExitStack()
        self.watch = self._watching.enter_context(context.services.topics.watch(*context.source.topics))
        # It belongs to no request: neither its statements nor the lines in its log.
        self._task: Task[None] = create_task(self._run(), context=Variables())

    @property
    def is_next_soon(self) -> bool:
        """Whether another answer comes within half an interval."""
        is_pending = self._is_making or self.watch.has_changed
        return is_pending and self._next_at - get_running_loop().time() < self.seconds / 2

    def wake_soon(self) -> None:
        """To be called when the database was away: the next answer comes even if nothing changes any more."""
        get_running_loop().call_later(_AGAIN_SECONDS, self.watch.wake)

    def wait(self, subscriber: "Subscriber") -> None:
        self.waiting[subscriber] = None
        self._another_waits.set()

    async def leave(self, subscriber: "Subscriber") -> None:
        self.subscribers.discard(subscriber)
        if not self.subscribers:
            self._end()
            self._task.cancel()
            await gather(self._task, return_exceptions=True)

    def _end(self) -> None:
        self._watching.close()
        self._on_end(self)

    async def _run(self) -> None:
        with metered():
            is_last = False
            while not is_last:
                await self.watch.change()
                await self._until_wanted()
                shared = await self._next()
                if shared is None:
                    self.watch.wake()
                    await sleep(_AGAIN_SECONDS)
                    continue
                is_last = shared.is_last
                if is_last:
                    # Now, so that nobody joins a group that tells nothing more.
                    self._end()
                await self._tell(shared)

    async def _until_wanted(self) -> None:
        """Waits until the next answer may be made, and somebody waits for it and has paid."""
        while True:
            now = get_running_loop().time()
            if now < self._next_at:
                await sleep(self._next_at - now)
            elif not self.waiting:
                await self._until_another_waits(None)
            elif (early := min(one.due for one in self.waiting) - now) > 0:
                await self._until_another_waits(early)
            elif seconds := self._seconds_to_pay(now):
                await self._until_another_waits(seconds)
            else:
                return

    async def _until_another_waits(self, seconds: float | None) -> None:
        """Waits until another subscriber waits, who may be able to pay at once, or until so many seconds have
        passed."""
        self._another_waits.clear()
        with suppress(TimeoutError):
            async with timeout(seconds):
                await self._another_waits.wait()

    def _seconds_to_pay(self, now: float) -> float:
        """0 if somebody has paid for the next answer; otherwise after how many seconds to ask again."""
        seconds = float(self.seconds)
        asked = set()
        for one in self.waiting:
            if one.due > now:
                seconds = min(seconds, one.due - now)
            elif one.caller not in asked:
                asked.add(one.caller)
                missing = one.pay_for(self.begun + 1)
                if not missing:
                    services, cost = self._context.services, self._context.execution.cost
                    services.fair_queue.charge(one.caller, cost or 1)
                    return 0
                seconds = min(seconds, missing)
        return seconds

    async def _next(self) -> SharedAnswer | None:
        self._is_making = True
        try:
            return await to_its_end(self._context, self._made())
        finally:
            self._context.end_turn()
            self._is_making = False

    async def _made(self) -> SharedAnswer | None:
        """None if the database is away."""
        context = self._context
        try:
            await context.take_turn()
            # Now, so that a change while the figures are read wakes it again.
            self.watch.forget()
            self.begun += 1
            await context.renew()
            result = await result_anew(context, self._asked.operation, self._asked.variables)
            if any(isinstance(expected_in(error), Unavailable) for error in result.errors or ()):
                self.wake_soon()
            return await shared_answer(self.begun, result, context.run_queue)
        except Unavailable:
            if current_usage().is_abandoned:
                raise
            return None
        except Exception as error:
            return await shared_answer(self.begun, last_result(error), context.run_queue, is_last=True)

    async def _tell(self, shared: SharedAnswer) -> None:
        self.latest = shared
        self._set_pause()
        wanting = [one for one in self.waiting if one.wants(shared)]
        for number, one in enumerate(wanting, 1):
            one.offer(shared)
            if not number % _AT_ONCE:
                # Those who were told send their answers now.
                await sleep(0)
        self._set_pause()

    def _set_pause(self) -> None:
        self._next_at = get_running_loop().time() + self.seconds


class Subscriber:
    """A subscription after its first answer. It pays for each answer, and gets at most one an interval."""

    def __init__(self, group: SubscriberGroup, context: Context, request_id: str, first: Answer) -> None:
        self.group = group
        self.caller = context.caller
        self.digest = digest_of(first)
        """Of the last answer that it got."""
        self.seen = group.begun
        """The number of the last answer that it need not get. It was read by itself after that one."""
        self.due = 0.0
        """When it may get the next answer, by the clock of the event loop."""
        self._context = context
        self._request_id = request_id
        self._paid = 0
        """The number of the last answer that it has paid for."""
        self._given: Future[SharedAnswer] | None = None
        self._timer: TimerHandle | None = None
        self._is_over = False
        group.subscribers.add(self)

    async def next(self) -> Answer | None:
        """The next answer that differs from the last one. None at the end. Raises Lapsed."""
        self.due = get_running_loop().time() + self.group.seconds
        while not self._is_over:
            shared = await self._newest()
            if shared.digest != self.digest and (seconds := self._missing(shared)):
                await sleep(seconds)
                if self.group.is_next_soon and self.group.latest:
                    # The next answer has what has changed meanwhile.
                    self.seen = self.group.latest.number
                continue
            self.seen, self._is_over = shared.number, shared.is_last
            answer = await shared.told_to(self._context, self._request_id)
            digest = shared.digest or digest_of(answer)
            if digest != self.digest:
                self.digest = digest
                return answer
        return None

    async def leave(self) -> None:
        await self.group.leave(self)

    def pay_for(self, number: int) -> int:
        """Returns 0, or in how many seconds to try again."""
        missing = spend_again(self._context)
        if not missing:
            self._paid = number
        return missing

    def _missing(self, shared: SharedAnswer) -> int:
        is_free = shared.is_last or self._paid >= shared.number
        return 0 if is_free else self.pay_for(shared.number)

    async def _newest(self) -> SharedAnswer:
        """Waits until there is a new answer, and it is due."""
        given: Future[SharedAnswer] = get_running_loop().create_future()
        self._given = given
        self.group.wait(self)
        latest = self.group.latest
        if latest and self.wants(latest):
            self.offer(latest)
        try:
            return await given
        finally:
            self._given = None
            self.group.waiting.pop(self, None)
            if self._timer:
                self._timer.cancel()
                self._timer = None

    def wants(self, shared: SharedAnswer) -> bool:
        """Whether it does not have this answer, and did not read by itself after that was read."""
        return shared.is_last or (shared.number > self.seen and shared.digest != self.digest)

    def offer(self, shared: SharedAnswer) -> None:
        """Gives it the answer, or the newest one once that is due."""
        loop = get_running_loop()
        early = self.due - loop.time()
        if early <= 0:
            self._give(shared)
        elif self._timer is None:
            self._timer = loop.call_at(self.due, self._come_due)

    def _come_due(self) -> None:
        self._timer = None
        latest = self.group.latest
        # Who waits a little longer gets the next answers together with the others.
        if latest and (latest.is_last or not self.group.is_next_soon):
            self._give(latest)

    def _give(self, shared: SharedAnswer) -> None:
        if self._given and not self._given.done():
            self._given.set_result(shared)
            self.group.waiting.pop(self, None)
