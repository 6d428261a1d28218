"""The audit trail as its users meet it: verified against what was kept outside, exported and proved, pruned to an anchor."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import AuditExported, ChainVerified, Event, JournalPruned, UnknownEvent, WorkflowStarted
from chainbot_desktop.core.ports import EventQuery, Head, IdempotencyKey
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.checkpoints import FILE_NAME, head_document
from chainbot_desktop.security.secret_store import SecretStore
from chainbot_desktop.security.signed_exports import ExportFailed, prove_export
from chainbot_desktop.security.signing import SIGNING_KEY, is_signed, read_or_make_signer
from chainbot_desktop.store import retention
from chainbot_desktop.store.audit_export import Stretch
from chainbot_desktop.store.audit_forms import FormName
from chainbot_desktop.store.chain import verify_chain
from chainbot_desktop.store.deliveries import DeliveryTable
from chainbot_desktop.store.retention import KEPT_AT_LEAST, Wish
from tests.helpers import prune_child
from tests.helpers.stores import Store, open_store


@dataclass(frozen=True)
class Trail:
    store: Store
    audit: AuditTrail
    secrets: SecretStore
    folder: Path

    async def fill(self, count: int, word: str = "note") -> None:
        await asyncio.gather(*(self.store.journal.append(noted(number, word)) for number in range(count)))

    async def events(self, *types: str) -> list[Event]:
        found = await self.store.journal.read(EventQuery(types=types, limit=10_000))
        return [item.event for item in found]


def noted(number: int, word: str = "note") -> UnknownEvent:
    return UnknownEvent(
        type=word, subject=f"=cmd({number})", data={"number": number, "share": number / 7, "text": f"=1+1\n'ä w{number}x"}
    )


async def left_to_prune(trail: Trail) -> int:
    return await trail.store.database.read(retention.unfinished)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Trail]:
    async with open_store(folder) as store:
        secrets = SecretStore(folder, "file", None)
        audit = AuditTrail(store.database, store.journal, store.preferences, folder, lambda: read_or_make_signer(secrets))
        await audit.open()
        try:
            yield Trail(store, audit, secrets, folder)
        finally:
            await audit.close()


def behind_its_back(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "journal.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


# Verifying.


async def test_what_was_cut_while_the_program_was_down_is_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(50)
    behind_its_back(tmp_path, "DELETE FROM journal WHERE seq > 45")
    async with opened(tmp_path) as trail:
        report = await trail.audit.verify()
        assert (report.ok, report.fault, report.broken_at) == (False, "truncated", 46)
        (told,) = await trail.events("chain_verified")
        assert isinstance(told, ChainVerified)
        assert (told.data.ok, told.severity, told.requires_attention) == (False, "critical", True)
        await trail.audit.verify()
        assert len(await trail.events("chain_verified")) == 1  # the same verdict is told once
    async with opened(tmp_path) as trail:
        # What came since has its own checkpoint; the cut stays known.
        assert trail.audit.last is not None
        assert trail.audit.last.report.fault == "truncated"
        await trail.fill(10)
        report = await trail.audit.verify()
        assert (report.ok, report.fault) == (False, "rehashed")


async def test_a_checkpoint_that_was_changed_is_no_proof_and_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(5)
    file = tmp_path / FILE_NAME
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "seq": 4}) + "\n")
    async with opened(tmp_path) as trail:
        report = await trail.audit.verify()
        assert (report.ok, report.fault, report.broken_at) == (False, "checkpoint", None)


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b'{"kind":"chainbot-jou')


async def test_a_half_written_checkpoint_is_none_and_the_next_is_whole(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(5)
    await asyncio.to_thread(torn, tmp_path / FILE_NAME)
    async with opened(tmp_path) as trail:
        assert (await trail.audit.verify()).vouched == 5
        await trail.fill(1)
    async with opened(tmp_path) as trail:
        report = await trail.audit.verify()
        assert report.ok
        assert report.vouched >= 6


async def test_checkpoints_of_another_key_vouch_for_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(5)
    trail.secrets.delete(SIGNING_KEY)
    async with opened(tmp_path) as trail:
        report = await trail.audit.verify()
        assert (report.ok, report.vouched) == (True, 0)


# Exporting.


@pytest.mark.parametrize("form", ["jsonl", "csv"])
async def test_an_export_is_proved_and_every_change_of_it_found(tmp_path: Path, form: FormName) -> None:
    target = tmp_path / f"trail.{form}"
    async with opened(tmp_path) as trail:
        await trail.fill(450)
        done = await trail.audit.export(form, Stretch(first=3, last=420), target, actor="user:admin")
        assert (done.summary.count, done.summary.broken_at) == (418, None)
        (told,) = await trail.events("audit_exported")
        assert isinstance(told, AuditExported)
        assert (told.actor, told.data.sha256) == ("user:admin", done.summary.sha256)
        own_key = (await trail.audit.signer()).public
    proof = prove_export(target, own_key)
    assert proof is not None
    assert (proof.problem, proof.checked, proof.known_key) == ("", 418, True)
    whole = target.read_bytes()
    target.write_bytes(whole.replace(b'"number":7,', b'"number":8,').replace(b'""number"":7,', b'""number"":8,'))
    assert target.read_bytes() != whole
    changed = prove_export(target, own_key)
    assert changed is not None
    assert "changed after it was signed" in changed.problem
    target.write_bytes(whole)
    manifest = tmp_path / f"trail.{form}.manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"count":418', b'"count":417'))
    forged = prove_export(target)
    assert forged is not None
    assert "signature" in forged.problem


@pytest.mark.parametrize("form", ["jsonl", "csv"])
async def test_a_broken_chain_can_be_exported_and_its_proof_says_where_it_breaks(tmp_path: Path, form: FormName) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(20)
        behind_its_back(tmp_path, "UPDATE journal SET envelope = json_set(envelope, '$.actor', 'user:nobody') WHERE seq = 12")
        done = await trail.audit.export(form, Stretch(), tmp_path / "trail")
        assert done.summary.broken_at == 12
    proof = prove_export(tmp_path / "trail")
    assert proof is not None
    assert proof.problem == "Event 12 was changed after it was written, before it was exported."


async def test_a_spreadsheet_finds_no_formula_in_a_csv(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        for subject in ("=1+1", "+1", "-1", "@SUM(A1)", "'quoted", "plain", "＝1"):
            await trail.store.journal.append(UnknownEvent(type="note", subject=subject, data=-5))
        await trail.audit.export("csv", Stretch(), tmp_path / "trail.csv")
    with (tmp_path / "trail.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["subject"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "''quoted", "plain", "'＝1"]
    assert {row["data"] for row in rows} == {"'-5"}
    proof = prove_export(tmp_path / "trail.csv")
    assert proof is not None
    assert proof.problem == ""


async def test_other_programs_can_check_the_signature(tmp_path: Path) -> None:
    target = tmp_path / "trail.jsonl"
    async with opened(tmp_path) as trail:
        await trail.fill(3)
        await trail.audit.export("jsonl", Stretch(), target)
    signature = tmp_path / "raw.sig"
    signature.write_bytes(base64.b64decode((tmp_path / "trail.jsonl.manifest.sig").read_text()))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", f"{target}.pub", "-rawin"]
    command += ["-in", f"{target}.manifest.json", "-sigfile", str(signature)]
    checked = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


async def test_an_export_that_is_given_up_or_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    async with opened(tmp_path) as trail:
        await trail.fill(2_000)
        begun = asyncio.Event()
        work = asyncio.ensure_future(
            trail.audit.export("csv", Stretch(), tmp_path / "out" / "trail.csv", lambda *_: begun.set())
        )
        await begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert list((tmp_path / "out").iterdir()) == []
        with pytest.raises(NotFound):
            await trail.audit.export("csv", Stretch(first=9_999), tmp_path / "out" / "trail.csv")
        with pytest.raises(ExportFailed):
            await trail.audit.export("csv", Stretch(), tmp_path / "nowhere" / "trail.csv")
        assert list((tmp_path / "out").iterdir()) == []
        assert trail.audit.busy == ""


def test_what_is_no_export_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        prove_export(tmp_path / "none")
    for name in ("x", "x.manifest.json", "x.manifest.sig"):
        (tmp_path / name).write_bytes(b"\xff\x00")
    with pytest.raises(InvalidInput):
        prove_export(tmp_path / "x")


# Retention.


async def test_what_is_left_after_pruning_is_verified_from_the_anchor_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(1_300)
        plan = await trail.audit.preview(Wish(keep=200))
        assert (plan.first_seq, plan.last_seq, plan.count, plan.kept) == (1, 1_100, 1_100, 200)
        steps: list[tuple[int, int]] = []
        recorded = await trail.audit.prune(Wish(keep=200), lambda *both: steps.append(both), actor="user:admin")
        assert recorded is not None
        said = recorded.event.data
        assert (said.first_seq, said.last_seq, recorded.event.actor) == (1, 1_100 + 1, "user:admin")  # the verdict came between
        assert steps[-1][0] == steps[-1][1]
        assert is_signed(head_document(Head(said.last_seq, said.last_hash, said.time)), said.signature, said.key)
        ends = await trail.store.journal.ends()
        assert ends is not None
        assert ends.first_seq == said.last_seq + 1
        report = await trail.audit.verify()
        assert (report.ok, report.first_seq) == (True, said.last_seq + 1)
        # The words of what is left are found, those of what went are not.
        assert await trail.store.journal.read(EventQuery(text="w1250x"))
        assert not await trail.store.journal.read(EventQuery(text="w17x"))
        with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
            connection.execute("INSERT INTO events_text (events_text, rank) VALUES ('integrity-check', 1)")
        # Again, so that the first anchor goes as well.
        await trail.fill(400, "later")
        assert await trail.audit.prune(Wish(keep=150)) is not None
        assert len(await trail.events("journal_pruned")) == 1
        assert (await trail.audit.verify()).ok
        await trail.audit.export("jsonl", Stretch(), tmp_path / "rest.jsonl")
    proof = prove_export(tmp_path / "rest.jsonl")
    assert proof is not None
    assert proof.problem == ""


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("DELETE FROM journal WHERE seq = (SELECT min(seq) FROM journal)", "missing"),
        (
            "UPDATE journal SET envelope = replace(envelope, '\"last_seq\":', '\"last_seq\":1') WHERE envelope LIKE '%journal_pruned%'",
            "changed",
        ),
        (
            "UPDATE journal SET envelope = json_set(envelope, '$.type', 'note') WHERE envelope LIKE '%journal_pruned%'",
            "missing",
        ),
    ],
)
async def test_an_anchor_excuses_nothing_but_what_it_names(tmp_path: Path, damage: str, fault: str) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(300)
        await trail.audit.prune(Wish(keep=150))
        behind_its_back(tmp_path, damage)
        report = await trail.audit.verify()
        assert (report.ok, report.fault) == (False, fault)


async def test_a_broken_chain_is_not_pruned(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(300)
        behind_its_back(tmp_path, "UPDATE journal SET envelope = json_set(envelope, '$.subject', 'x') WHERE seq = 5")
        with pytest.raises(Conflict):
            await trail.audit.prune(Wish(keep=100))
        ends = await trail.store.journal.ends()
        assert ends is not None
        assert ends.first_seq == 1


async def test_nothing_that_somebody_needs_goes(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(200)
        await trail.store.journal.append(WorkflowStarted(data={"workflow_id": "w"}), IdempotencyKey("hook", "k", "d"))
        await trail.fill(300)
        deliveries = DeliveryTable(trail.store.database, trail.store.journal)
        plan = await trail.audit.preview(Wish(keep=0))
        assert (plan.last_seq, len(plan.held_back)) == (200, 1)
        await deliveries.begin("http://alex", history=450)
        plan = await trail.audit.preview(Wish(keep=0))
        assert plan.last_seq == 51
        trail.audit.projections = {"agents": ("note",)}
        await trail.store.snapshots.save("agents", 30, {})
        plan = await trail.audit.preview(Wish(keep=0))
        assert plan.last_seq == 30
        assert len(plan.held_back) == 2
        await trail.store.snapshots.save("agents", 501, {})
        assert await trail.audit.prune(Wish(keep=0)) is not None
        # The request that comes again gets the answer of then.
        again = await trail.store.journal.append(
            WorkflowStarted(data={"workflow_id": "w"}),
            IdempotencyKey("hook", "k", "d"),
        )
        assert again.seq == 201


async def test_times_that_jump_let_nothing_young_go(tmp_path: Path) -> None:
    async with opened(tmp_path) as trail:
        for number, time in enumerate(("2026-01-01", "2026-01-02", "2027-01-01", "2026-01-03", *["2027-02-01"] * 120)):
            await trail.store.journal.append(UnknownEvent(type="n", time=f"{time}T00:00:00.000000Z", data=number))
        plan = await trail.audit.preview(Wish(before="2026-06-01T00:00:00.000000Z"))
        assert plan.last_seq == 2
        assert (await trail.audit.preview(Wish())).count == 0
        assert (await trail.audit.preview(Wish(keep=0))).kept == KEPT_AT_LEAST


async def test_a_pruning_that_was_cut_short_is_whole_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as trail:
        await trail.fill(1_500)
        real = retention.prune_slice
        slices = 0

        def failing(connection: sqlite3.Connection, last_seq: int) -> int:
            nonlocal slices
            slices += 1
            if slices == 2:
                raise sqlite3.OperationalError("disk I/O error")
            return real(connection, last_seq)

        monkeypatch.setattr("chainbot_desktop.security.audit_trail.prune_slice", failing)
        with pytest.raises(ChainBotError):
            await trail.audit.prune(Wish(keep=150))
        report = await trail.audit.verify()
        assert report.ok
        assert 1 < report.first_seq < 1_300
    monkeypatch.undo()
    async with opened(tmp_path) as trail:
        changed = asyncio.Event()
        trail.audit.on_change(changed.set)
        while trail.audit.busy or await left_to_prune(trail):
            changed.clear()
            await changed.wait()
        (anchor,) = await trail.events("journal_pruned")
        assert isinstance(anchor, JournalPruned)
        report = await trail.audit.verify()
        assert (report.ok, report.first_seq) == (True, anchor.data.last_seq + 1)


async def test_killed_in_the_middle_of_pruning_it_is_whole_and_the_next_start_goes_on(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.helpers.prune_child", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    first = await child.stdout.readline()
    child.kill()
    await child.wait()
    done, total = map(int, first.split())
    assert 0 < done < total
    whole = await asyncio.to_thread(verify_chain, tmp_path / "journal.db")
    assert whole is not None
    assert whole.ok, whole.reason
    assert 1 < whole.first_seq < prune_child.EVENTS - prune_child.KEPT
    async with opened(tmp_path) as trail:
        changed = asyncio.Event()
        trail.audit.on_change(changed.set)
        while trail.audit.busy or await left_to_prune(trail):
            changed.clear()
            await changed.wait()
        (anchor,) = await trail.events("journal_pruned")
        assert isinstance(anchor, JournalPruned)
        report = await trail.audit.verify()
        assert (report.ok, report.first_seq) == (True, anchor.data.last_seq + 1)
        assert await trail.store.journal.append(noted(1))
