"""The laws of the policy, and what a pattern meets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.agents.tools.patterns import Target, meets, weight
from chainbot_desktop.agents.tools.policy import Policy, agent_rules
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.settings import ToolRule

_WORDS = st.sampled_from(["git", "rm", "-rf", "status", ";", "$(rm -rf /)", "&&", "a b", "", "|", "`id`"])
_COMMANDS = st.lists(_WORDS, min_size=1, max_size=4).map(lambda words: Target("command", tuple(words)))
_PATHS = (
    st.lists(st.sampled_from(["src", "docs", "a.py", "b.md", "..x"]), min_size=1, max_size=4)
    .map("/".join)
    .map(lambda path: Target("path", (path, f"/home/me/work/{path}")))
)
_OUTSIDE = st.sampled_from(["/etc/passwd", "/home/other/src/a.py"]).map(lambda path: Target("path", (path,), outside=True))
_TARGETS = st.one_of(_COMMANDS, _PATHS, _OUTSIDE)
_TOOLS = st.sampled_from(["run_command", "write_file", "read_file", "mcp__a__b"])
_RULES = st.builds(
    ToolRule,
    tool=st.sampled_from(["*", "run_command", "write_file", "*_file", "mcp__*"]),
    pattern=st.sampled_from(
        ["*", "git *", "git status", "rm *", "src/**", "*.py", "docs", "/etc/**", "src/a.py", "/home/me/work/src"]
    ),
    action=st.sampled_from(["allow", "ask", "deny"]),
)
_RULE_LISTS = st.lists(_RULES, max_size=8)


@given(_RULE_LISTS, _RULE_LISTS, _TOOLS, _TARGETS, st.randoms())
def test_the_order_of_rules_does_not_matter(settings, agent, tool, target, random) -> None:  # type: ignore[no-untyped-def]
    before = Policy(settings, agent).decide(tool, (target,)).action
    random.shuffle(settings)
    random.shuffle(agent)
    assert Policy(settings, agent).decide(tool, (target,)).action == before


@given(_RULE_LISTS, _RULE_LISTS, _TOOLS, _TARGETS)
def test_a_denial_that_meets_is_final(settings: list[ToolRule], agent: list[ToolRule], tool: str, target: Target) -> None:
    denial = ToolRule(tool="*", pattern="*", action="deny")
    assert Policy([*settings, denial], agent).decide(tool, (target,)).action == "deny"
    assert Policy(settings, [*agent, denial]).decide(tool, (target,)).action == "deny"


@given(_RULE_LISTS, _TOOLS, _TARGETS)
def test_one_more_denial_never_loosens(rules: list[ToolRule], tool: str, target: Target) -> None:
    order = ("allow", "ask", "deny")
    before = Policy(rules).decide(tool, (target,)).action
    for pattern in ("*", "git *", "src/**", "*.py"):
        after = Policy([*rules, ToolRule(tool=tool, pattern=pattern, action="deny")]).decide(tool, (target,)).action
        assert order.index(after) >= order.index(before)


@given(_RULE_LISTS, _TOOLS, _TARGETS)
def test_without_a_denial_the_most_specific_wins(rules: list[ToolRule], tool: str, target: Target) -> None:
    rules = [rule for rule in rules if rule.action != "deny"]
    exact = ToolRule(tool=tool, pattern="*", action="ask")
    decision = Policy([*rules, exact]).decide(tool, (target,))
    heavier = [rule for rule in rules if rule.tool == tool and weight(rule.pattern) > weight("*")]
    if not heavier:
        assert decision.action == "ask"


@given(_RULE_LISTS, _TOOLS, st.lists(_TARGETS, min_size=1, max_size=3))
def test_several_targets_are_judged_by_the_strictest(rules: list[ToolRule], tool: str, targets: list[Target]) -> None:
    order = ("allow", "ask", "deny")
    policy = Policy(rules)
    single = [policy.decide(tool, (target,)).action for target in targets]
    assert policy.decide(tool, targets).action == max(single, key=order.index)


@given(st.lists(_WORDS, min_size=1, max_size=5))
def test_git_star_meets_only_the_program_git(words: list[str]) -> None:
    assert meets("git *", Target("command", tuple(words))) == (words[0] == "git")


@pytest.mark.parametrize(
    ("pattern", "command", "expected"),
    [
        ("git *", ("git;", "rm"), False),
        ("git *", ("git; rm -rf /",), False),
        ("git *", ("gitx", "status"), False),
        ("git *", ("/tmp/git", "status"), False),
        ("git *", ("./git", "status"), False),
        ("git *", ("git", "log", ";", "rm"), True),
        ("git status", ("git", "status", "; rm -rf /"), False),
        ("git status", ("git", "status; rm"), False),
        ("git status *", ("git", "status"), True),
        ("git * status", ("git", "a b", "status"), True),
        ("git * status", ("git", "a", "b", "status"), False),
        ("git 'a b'", ("git", "a b"), True),
        ("git 'a b'", ("git", "a", "b"), False),
        ("git 'unclosed", ("git", "unclosed"), False),
        ("pytest tests/*", ("pytest", "tests/a.py"), True),
    ],
)
def test_a_command_is_met_word_by_word(pattern: str, command: tuple[str, ...], expected: bool) -> None:
    assert meets(pattern, Target("command", command)) is expected


def test_a_denial_of_a_program_meets_it_wherever_it_lies() -> None:
    policy = Policy([ToolRule(tool="run_command", pattern="rm *", action="deny"), ToolRule(tool="run_command", action="allow")])
    assert policy.decide("run_command", (Target("command", ("/bin/rm", "-rf", "x")),)).action == "deny"
    assert policy.decide("run_command", (Target("command", ("ls",)),)).action == "allow"


@pytest.mark.parametrize(
    ("pattern", "url", "expected"),
    [
        ("example.org", "https://example.org/a", True),
        ("example.org", "https://example.org.evil.com/a", False),
        ("example.org", "https://example.org:8443/", False),
        ("example.org:8443", "https://example.org:8443/", True),
        ("*.example.org", "https://docs.example.org/", True),
        ("*.example.org", "https://example.org.evil.com/", False),
        ("https://example.org*", "https://example.org.evil.com/", False),
        ("example.*", "https://example.evil.com/", False),
        ("https://example.org/docs/*", "https://example.org/docs/a/b?c=d", True),
        ("https://example.org/docs/*", "https://example.org/private", False),
        ("https://example.org/docs/*", "http://example.org/docs/a", False),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x", True),
        ("[::1]:8080", "http://[::1]:8080/x", True),
    ],
)
def test_an_address_is_met_part_by_part(pattern: str, url: str, expected: bool) -> None:
    assert meets(pattern, Target("url", (url,))) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.md", "docs/a/b.md", True),
        ("docs", "docs/a/b.md", True),
        ("docs/*", "docs/b.md", True),
        ("docs/*.md", "docs/a/b.md", False),
        ("docs/**", "docs/a/b.md", True),
        ("docs/**/b.md", "docs/b.md", True),
        ("docs/**", "docsx/a.md", False),
        ("src/a.py", "other/src/a.py", False),
        ("/home/me/work/docs/**", "docs/a.md", True),
        ("/home/me/other/**", "docs/a.md", False),
    ],
)
def test_a_path_is_met_from_the_workspace(pattern: str, path: str, expected: bool) -> None:
    assert meets(pattern, Target("path", (path, f"/home/me/work/{path}"))) is expected


def test_only_an_absolute_pattern_allows_what_is_outside() -> None:
    outside = Target("path", ("/etc/hosts",), outside=True)
    assert Policy([ToolRule(action="allow")]).decide("read_file", (outside,)).action == "ask"
    assert Policy([ToolRule(pattern="/etc/**", action="allow")]).decide("read_file", (outside,)).action == "allow"
    assert Policy([ToolRule(pattern="hosts", action="deny")]).decide("read_file", (outside,)).action == "deny"


def test_the_defaults() -> None:
    policy = Policy()
    inside, outside = Target("path", ("a.py", "/w/a.py")), Target("path", ("/etc/a",), outside=True)
    assert policy.decide("read_file", (inside,)).action == "allow"
    assert policy.decide("read_file", (outside,)).action == "ask"
    assert policy.decide("write_file", (inside,)).action == "ask"
    assert policy.decide("run_command", (Target("command", ("ls",)),)).action == "ask"
    assert policy.decide("fetch_url", (Target("url", ("https://example.org/",)),)).action == "ask"
    assert policy.decide("mcp__a__b", (Target("name", ("{}",)),)).action == "ask"


def test_the_agents_rule_wins_over_an_equally_specific_one_of_the_settings() -> None:
    settings, agent = [ToolRule(tool="write_file", action="ask")], [ToolRule(tool="write_file", action="allow")]
    target = (Target("path", ("a", "/w/a")),)
    assert Policy(settings, agent).decide("write_file", target).action == "allow"
    assert Policy(agent, settings).decide("write_file", target).action == "ask"


@pytest.mark.parametrize(
    "policy", [{"rule": []}, {"rules": [{"tool": "a"}]}, {"rules": [{"action": "allow", "patern": "x"}]}, {"rules": 3}]
)
def test_a_policy_that_is_misspelt_is_refused(policy: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="policy is wrong"):
        agent_rules(policy)
