"""What a person does on the map that can be taken back, carried out one after the other: the next begins when the last is in the journal.

So an undo takes back what was really done, and what somebody else changed meanwhile makes a step refuse, as a whole, with a sentence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.core.errors import ChainBotError, Conflict, NotFound
from chainbot_desktop.core.events import Actor
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.history import History, LinkRef, LinkStep, Move, MoveStep, Step
from chainbot_desktop.ui.agent_map.moves import Moves
from chainbot_desktop.ui.agent_map.runtime import LinkService
from chainbot_desktop.ui.view import Message

_GONE_WITH_IT = "What was said over it is gone."


class Undo(QObject):
    """`links` is None where no links can be made: then only moves are steps."""

    changed = Signal()
    """There is something else to take back."""
    message = Signal(object)
    went_back = Signal(str)
    """An agent that an undo or a redo concerned: worth a look."""

    def __init__(
        self, directory: AgentDirectory, moves: Moves, links: LinkService | None, tasks: Tasks, actor: Actor, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.history = History()
        self._directory = directory
        self._moves = moves
        self._links = links
        self._tasks = tasks
        self._actor = actor
        self._waiting: deque[Callable[[], Awaitable[None]]] = deque()
        self._at_work = False
        moves.made.connect(lambda made: self._enqueue(partial(self._keep, made)))

    # What a person does.

    def link(self, kind: str, name: str, agents: Sequence[str], refused: Callable[[ChainBotError | None], object]) -> None:
        """Make one. `refused` hears why it could not be made, or None when it is there."""
        self._enqueue(partial(self._make_link, kind, name, tuple(agents), refused))

    def release(self, link_id: str) -> None:
        self._enqueue(partial(self._release_link, link_id))

    def undo(self) -> None:
        self._moves.finish_nudge()
        self._enqueue(self._undo)

    def redo(self) -> None:
        self._moves.finish_nudge()
        self._enqueue(self._redo)

    def forget(self, agent_id: str) -> None:
        self._moves.forget(agent_id)
        self.history.forget(agent_id)
        self.changed.emit()

    # One after the other.

    def _enqueue(self, work: Callable[[], Awaitable[None]]) -> None:
        self._waiting.append(work)
        if not self._at_work:
            self._at_work = True
            self._tasks.spawn("map: steps", self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                try:
                    await self._waiting.popleft()()
                except ChainBotError as error:
                    self.message.emit(Message(error.message, "error", error.hint))
                self.changed.emit()
        finally:
            self._at_work = False

    async def _keep(self, moves: tuple[Move, ...]) -> None:
        refused = await self._moves.keep(moves)
        kept = tuple(move for move in moves if move.agent_id not in refused)
        if kept:
            self.history.record(MoveStep(kept))
        self._say_refused(refused, "was not moved")

    async def _make_link(
        self, kind: str, name: str, agents: tuple[str, ...], refused: Callable[[ChainBotError | None], object]
    ) -> None:
        try:
            made = await self._service.create(name, kind, agents, actor=self._actor)
        except ChainBotError as error:
            refused(error)
            return
        self.history.record(LinkStep(LinkRef(made.id, made.name, made.kind, made.agents), made=True))
        refused(None)

    async def _release_link(self, link_id: str) -> None:
        link = self._directory.entanglement(link_id)
        if link is None:
            raise NotFound("This link is gone already.")
        ref = self.history.link(link_id) or LinkRef(link.id, link.name, link.kind, link.agents)
        await self._service.release(link_id, actor=self._actor)
        # Members may have been added elsewhere since this panel made it.
        ref.name, ref.kind, ref.agents = link.name, link.kind, link.agents
        step = LinkStep(ref, made=False)
        self.history.record(step)
        what = f"“{link.name}”" if link.name else "The link"
        self.message.emit(Message(f"{what} is released. {_GONE_WITH_IT}", "info", "", "Undo", self.undo))

    async def _undo(self) -> None:
        step = self.history.to_undo
        if step is not None:
            await self._turn(step, step.reversed(), "undone", self.history.undone)

    async def _redo(self) -> None:
        step = self.history.to_redo
        if step is not None:
            await self._turn(step, step, "done again", self.history.redone)

    async def _turn(self, step: Step, wanted: Step, word: str, turned: Callable[..., None]) -> None:
        """Carry out `wanted`; what can never be carried out any more is dropped."""
        try:
            if isinstance(wanted, MoveStep):
                await self._move(step, wanted, word, turned)
            else:
                await self._relink(wanted, word)
                turned(step)
        except (Conflict, NotFound):
            self.history.drop(step)
            raise

    async def _move(self, step: Step, wanted: MoveStep, word: str, turned: Callable[..., None]) -> None:
        for move in wanted.moves:
            self._check_place(move, word)
        self._moves.show(wanted.moves)
        refused = await self._moves.keep(wanted.moves)
        if refused:
            assert isinstance(step, MoveStep)
            done = tuple(move for move in step.moves if move.agent_id not in refused)
            left = tuple(move for move in step.moves if move.agent_id in refused)
            if done:
                turned(step, taken_back=MoveStep(done), left=MoveStep(left))
            self._say_refused(refused, f"was not moved: that is not {word}")
        else:
            turned(step)
        self.went_back.emit(wanted.moves[0].agent_id)

    def _check_place(self, move: Move, word: str) -> None:
        agent = self._directory.get(move.agent_id)
        if agent is None:
            raise NotFound(f"The agent has gone: its move is not {word}.")
        if agent.place is not None and Point(agent.place.x, agent.place.y) != move.before:
            raise Conflict(f"{agent.name} was moved by somebody else meanwhile: the move is not {word}.")

    async def _relink(self, wanted: LinkStep, word: str) -> None:
        ref = wanted.link
        if wanted.made:
            made = await self._service.create(ref.name, ref.kind, ref.agents, actor=self._actor)
            ref.id = made.id
        else:
            link = self._directory.entanglement(ref.id)
            if link is None:
                raise NotFound(f"The link was released by somebody else meanwhile: that is not {word}.")
            if (link.name, link.kind, link.agents) != (ref.name, ref.kind, ref.agents):
                raise Conflict(f"The link was changed by somebody else meanwhile: that is not {word}.")
            await self._service.release(ref.id, actor=self._actor)
        self.went_back.emit(ref.agents[0])

    @property
    def _service(self) -> LinkService:
        if self._links is None:
            raise Conflict("This map makes no links.")
        return self._links

    def _say_refused(self, refused: dict[str, ChainBotError], what: str) -> None:
        if refused:
            error = next(iter(refused.values()))
            who = "The agent" if len(refused) == 1 else f"{len(refused)} agents: each"
            self.message.emit(Message(f"{who} {what}. {error.message}", "error", error.hint))
