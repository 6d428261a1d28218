"""Whom a message means."""

from __future__ import annotations

import pytest

from chainbot_desktop.chat.addressing import addressed, at_name, complete_mention, find_agent
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ports import TalkAgent

NAMES = ("Ada", "Ada Lovelace", "tests", "test-runner", "Zoë 🦖", 'odd "quote"', "v1.2")
AGENTS = [TalkAgent(f"id-{name}", name, "assistant", "idle") for name in NAMES]


@pytest.mark.parametrize(
    ("text", "names", "task"),
    [
        ("@Ada sum it up", ["Ada"], "sum it up"),
        ("  @ada: sum\nit up", ["Ada"], "sum\nit up"),
        ("@Ada Lovelace write a program", ["Ada Lovelace"], "write a program"),
        ('@"ada lovelace" write', ["Ada Lovelace"], "write"),
        ("@Ada, @tests and @v1.2 say hello", ["Ada", "tests", "v1.2"], "say hello"),
        ("@Ada @Ada twice", ["Ada"], "twice"),
        ("@test-runner, go", ["test-runner"], "go"),
        ("@Zoë 🦖 roar", ["Zoë 🦖"], "roar"),
        ('@odd "quote" hm', ['odd "quote"'], "hm"),
        ("please ask @tests what is red", ["tests"], "please ask @tests what is red"),
        ("what do (@Ada and @tests) say?", ["Ada", "tests"], "what do (@Ada and @tests) say?"),
        ("@v1.2. go", ["v1.2"], ". go"),
        ("nobody here", [], "nobody here"),
        ("mail ada@tests.example or x@Ada", [], "mail ada@tests.example or x@Ada"),
        ("```\n@Ada\n``` and `@tests`", [], "```\n@Ada\n``` and `@tests`"),
        ("see\n```python\n@Ada\ndef f(): ...", [], "see\n```python\n@Ada\ndef f(): ..."),
        ("use @dataclass here", [], "use @dataclass here"),
        ("@ Ada", [], "@ Ada"),
    ],
)
def test_names_address(text: str, names: list[str], task: str) -> None:
    meant = addressed(text, AGENTS)
    assert [agent.name for agent in meant.agents] == names
    assert meant.task == task
    assert meant.unknown == ()


def test_an_unknown_name_at_the_beginning_is_told_from_one_further_on() -> None:
    assert addressed("@nobody and @tests do it", AGENTS).unknown == ("nobody",)
    assert [agent.name for agent in addressed("@nobody and @tests do it", AGENTS).agents] == ["tests"]
    assert addressed('@"no body" hi', AGENTS).unknown == ("no body",)
    assert addressed("do it @nobody", AGENTS).unknown == ()
    assert addressed("@adamant x", AGENTS).unknown == ("adamant",)


@pytest.mark.parametrize("text", ["@Ada", "@Ada, @tests: ", '@"Ada Lovelace"  '])
def test_a_name_alone_is_no_task(text: str) -> None:
    with pytest.raises(InvalidInput, match="Say what Ada"):
        addressed(text, AGENTS)


def test_names_are_found_again_as_they_are_written() -> None:
    for agent in AGENTS:
        assert addressed(f"{at_name(agent.name)} go", AGENTS).agents == (agent,)


def test_completion_writes_the_name_where_the_caret_is() -> None:
    text = "please @ad, and then"
    offered = complete_mention(text, 10, AGENTS)
    assert [completion.label for completion in offered] == ["@Ada", '@"Ada Lovelace"']
    assert offered[1].text == 'please @"Ada Lovelace" , and then'
    assert offered[1].text[: offered[1].caret] == 'please @"Ada Lovelace" '
    assert [c.label for c in complete_mention('@"Ada Lo', 8, AGENTS)] == ['@"Ada Lovelace"']
    assert [c.label for c in complete_mention("@love", 5, AGENTS)] == ['@"Ada Lovelace"']
    labels = [c.label for c in complete_mention("@", 1, AGENTS)]
    assert (len(labels), labels[-1]) == (len(AGENTS) + 1, "@all")
    assert complete_mention("mail me@ad", 10, AGENTS) == []
    assert complete_mention("@Ada does", 9, AGENTS) == []
    assert complete_mention("@x", 2, [TalkAgent("x", "x", "command", "idle", takes_tasks=False)]) == []


def test_an_agent_is_found_by_name_or_id_and_a_wrong_name_teaches() -> None:
    assert find_agent("@ADA", AGENTS).name == "Ada"
    assert find_agent("id-tests", AGENTS).name == "tests"
    with pytest.raises(InvalidInput) as caught:
        find_agent("@test", AGENTS)
    assert caught.value.hint == "Did you mean @tests?"
    with pytest.raises(InvalidInput) as caught:
        find_agent("qqq", AGENTS)
    assert '@"Ada Lovelace"' in caught.value.hint
    with pytest.raises(InvalidInput) as caught:
        find_agent("qqq", [])
    assert "/spawn" in caught.value.hint
