"""The coding agents that speak the Agent Client Protocol and are known here: how each is started, and what to install for it.

Command lines of the settings come on top, or in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from chainbot_desktop.core.settings import CoderProgram

CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Preset:
    """`install` and `sign_in` are said when the program is not there, or nobody signed in to it."""

    title: str
    command: tuple[str, ...]
    install: str
    sign_in: str


PRESETS: Mapping[str, Preset] = {
    "claude-code": Preset(
        "Claude Code",
        ("claude-agent-acp",),
        "Install it with: npm install -g @agentclientprotocol/claude-agent-acp",
        "Run claude in a terminal once and sign in, or give it ANTHROPIC_API_KEY in secret_env.",
    ),
    "gemini-cli": Preset(
        "Gemini CLI",
        ("gemini", "--acp"),
        "Install it with: npm install -g @google/gemini-cli",
        "Run gemini in a terminal once and sign in, or give it GEMINI_API_KEY in secret_env.",
    ),
    "codex-cli": Preset(
        "Codex CLI",
        ("codex-acp",),
        "Install it with: npm install -g @agentclientprotocol/codex-acp",
        "Run codex login in a terminal, or give it OPENAI_API_KEY in secret_env.",
    ),
    "goose": Preset(
        "goose",
        ("goose", "acp"),
        "Install the goose command-line program, then choose its provider with: goose configure",
        "Run goose configure in a terminal and choose its provider.",
    ),
    "opencode": Preset(
        "OpenCode",
        ("opencode", "acp"),
        "Install it with: npm install -g opencode-ai",
        "Run opencode auth login in a terminal.",
    ),
    CUSTOM: Preset(
        "The coding agent",
        (),
        "Give the whole path of a program that speaks the Agent Client Protocol.",
        "Start it in a terminal once and sign in there.",
    ),
}


def known_agents(own: Iterable[CoderProgram]) -> Mapping[str, Preset]:
    """The presets with the command lines of the settings."""
    known = dict(PRESETS)
    for program in own:
        preset = PRESETS.get(program.name) or replace(
            PRESETS[CUSTOM], title=program.name, install=f"Look at {program.name} in coder.programs of the settings."
        )
        known[program.name] = replace(preset, command=program.command)
    return known
