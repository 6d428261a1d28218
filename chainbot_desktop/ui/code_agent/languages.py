"""Which language a file is in, by its name or its first line, and how that language writes a comment. Data; imports nothing of Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Language:
    """`engine` names what highlights it: "qsci:" a class of QScintilla, "pygments:" an alias of Pygments, empty for nothing."""

    key: str
    label: str
    patterns: tuple[str, ...]
    engine: str
    line_comment: str = ""
    block_comment: tuple[str, str] | None = None
    interpreters: tuple[str, ...] = ()


_C = ("/*", "*/")
_XML = ("<!--", "-->")

PLAIN = Language("text", "Plain text", (), "")

LANGUAGES: tuple[Language, ...] = (
    Language(
        "bash", "Shell", ("*.sh", "*.bash", "*.zsh", ".bashrc", ".profile", ".zshrc", "PKGBUILD"), "qsci:QsciLexerBash", "#", None,
        ("sh", "bash", "dash", "zsh", "ash"),
    ),
    Language("batch", "Batch", ("*.bat", "*.cmd"), "qsci:QsciLexerBatch", "REM"),
    Language("c", "C", ("*.c", "*.h"), "qsci:QsciLexerCPP", "//", _C),
    Language("cmake", "CMake", ("CMakeLists.txt", "*.cmake"), "qsci:QsciLexerCMake", "#"),
    Language("cpp", "C++", ("*.cpp", "*.cc", "*.cxx", "*.hpp", "*.hh", "*.hxx", "*.ino"), "qsci:QsciLexerCPP", "//", _C),
    Language("csharp", "C#", ("*.cs",), "qsci:QsciLexerCSharp", "//", _C),
    Language("css", "CSS", ("*.css",), "qsci:QsciLexerCSS", "", _C),
    Language("scss", "SCSS", ("*.scss", "*.less"), "qsci:QsciLexerCSS", "//", _C),
    Language("d", "D", ("*.d",), "qsci:QsciLexerD", "//", _C),
    Language("dart", "Dart", ("*.dart",), "pygments:dart", "//", _C),
    Language("diff", "Diff", ("*.diff", "*.patch"), "qsci:QsciLexerDiff"),
    Language("docker", "Dockerfile", ("Dockerfile", "Dockerfile.*", "*.dockerfile", "Containerfile"), "pygments:docker", "#"),
    Language("elixir", "Elixir", ("*.ex", "*.exs"), "pygments:elixir", "#"),
    Language("erlang", "Erlang", ("*.erl", "*.hrl"), "pygments:erlang", "%"),
    Language("fortran", "Fortran", ("*.f90", "*.f95", "*.f03"), "qsci:QsciLexerFortran", "!"),
    Language("go", "Go", ("*.go",), "pygments:go", "//", _C),
    Language("graphql", "GraphQL", ("*.graphql", "*.gql"), "pygments:graphql", "#"),
    Language("haskell", "Haskell", ("*.hs",), "pygments:haskell", "--", ("{-", "-}")),
    Language("html", "HTML", ("*.html", "*.htm", "*.xhtml", "*.jinja", "*.j2"), "qsci:QsciLexerHTML", "", _XML),
    Language(
        "ini", "INI", ("*.ini", "*.cfg", "*.conf", "*.desktop", "*.service", "*.timer", "*.socket", ".editorconfig", ".gitconfig"),
        "pygments:ini", "#",
    ),
    Language("java", "Java", ("*.java",), "qsci:QsciLexerJava", "//", _C),
    Language("javascript", "JavaScript", ("*.js", "*.mjs", "*.cjs", "*.jsx"), "qsci:QsciLexerJavaScript", "//", _C, ("node",)),
    Language("json", "JSON", ("*.json", "*.jsonl", "*.geojson", "*.webmanifest", ".prettierrc"), "qsci:QsciLexerJSON"),
    Language("julia", "Julia", ("*.jl",), "pygments:julia", "#", ("#=", "=#"), ("julia",)),
    Language("kotlin", "Kotlin", ("*.kt", "*.kts"), "pygments:kotlin", "//", _C),
    Language("lua", "Lua", ("*.lua",), "qsci:QsciLexerLua", "--", None, ("lua", "luajit")),
    Language("make", "Makefile", ("Makefile", "makefile", "GNUmakefile", "*.mk"), "qsci:QsciLexerMakefile", "#", None, ("make",)),
    Language("markdown", "Markdown", ("*.md", "*.markdown", "*.mdx"), "qsci:QsciLexerMarkdown", "", _XML),
    Language("nginx", "nginx", ("nginx.conf", "*.nginx"), "pygments:nginx", "#"),
    Language("nix", "Nix", ("*.nix",), "pygments:nix", "#"),
    Language("ocaml", "OCaml", ("*.ml", "*.mli"), "pygments:ocaml", "", ("(*", "*)")),
    Language("pascal", "Pascal", ("*.pas", "*.pp", "*.dpr"), "qsci:QsciLexerPascal", "//", ("{", "}")),
    Language("perl", "Perl", ("*.pl", "*.pm"), "qsci:QsciLexerPerl", "#", None, ("perl",)),
    Language("php", "PHP", ("*.php",), "pygments:php", "//", _C, ("php",)),
    Language("po", "Gettext", ("*.po", "*.pot"), "qsci:QsciLexerPO", "#"),
    Language("powershell", "PowerShell", ("*.ps1", "*.psm1"), "pygments:powershell", "#", ("<#", "#>"), ("pwsh",)),
    Language("properties", "Properties", ("*.properties", ".env", "*.env"), "qsci:QsciLexerProperties", "#"),
    Language("protobuf", "Protocol Buffers", ("*.proto",), "pygments:protobuf", "//", _C),
    Language(
        "python", "Python", ("*.py", "*.pyi", "*.pyw", "SConstruct", "wscript"), "qsci:QsciLexerPython", "#", None,
        ("python", "uv"),
    ),
    Language("r", "R", ("*.r", "*.R"), "pygments:r", "#", None, ("Rscript",)),
    Language("rst", "reStructuredText", ("*.rst",), "pygments:restructuredtext", ".."),
    Language("ruby", "Ruby", ("*.rb", "Rakefile", "Gemfile", "*.gemspec"), "qsci:QsciLexerRuby", "#", None, ("ruby",)),
    Language("rust", "Rust", ("*.rs",), "pygments:rust", "//", _C),
    Language("scala", "Scala", ("*.scala", "*.sbt"), "pygments:scala", "//", _C),
    Language("sql", "SQL", ("*.sql",), "qsci:QsciLexerSQL", "--", _C),
    Language("swift", "Swift", ("*.swift",), "pygments:swift", "//", _C),
    Language("tcl", "Tcl", ("*.tcl",), "qsci:QsciLexerTCL", "#", None, ("tclsh", "wish")),
    Language("terraform", "Terraform", ("*.tf", "*.tfvars", "*.hcl"), "pygments:terraform", "#", _C),
    Language("tex", "TeX", ("*.tex", "*.sty", "*.cls"), "qsci:QsciLexerTeX", "%"),
    Language("toml", "TOML", ("*.toml", "Cargo.lock", "poetry.lock", "uv.lock"), "pygments:toml", "#"),
    Language("typescript", "TypeScript", ("*.ts", "*.tsx", "*.mts", "*.cts"), "pygments:typescript", "//", _C, ("deno", "bun")),
    Language("verilog", "Verilog", ("*.v", "*.sv"), "qsci:QsciLexerVerilog", "//", _C),
    Language("vhdl", "VHDL", ("*.vhd", "*.vhdl"), "qsci:QsciLexerVHDL", "--"),
    Language("xml", "XML", ("*.xml", "*.svg", "*.ui", "*.qrc", "*.xsd", "*.xsl", "*.plist"), "qsci:QsciLexerXML", "", _XML),
    Language("yaml", "YAML", ("*.yaml", "*.yml", ".clang-format"), "qsci:QsciLexerYAML", "#"),
    Language("zig", "Zig", ("*.zig",), "pygments:zig", "//"),
)  # fmt: skip

_SHEBANG = re.compile(rb"^#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?(?:\S*/)?([A-Za-z]+)")


def language_of(name: str, beginning: bytes = b"") -> Language:
    """By the file's name, exact names before endings; then by the interpreter that its first line asks for."""
    for exact in (True, False):
        for language in LANGUAGES:
            if _matches(name, language.patterns, exact):
                return language
    asked = _SHEBANG.match(beginning[:200])
    if asked:
        interpreter = asked[1].decode()
        return next((language for language in LANGUAGES if interpreter in language.interpreters), PLAIN)
    return PLAIN


def _matches(name: str, patterns: Sequence[str], exact: bool) -> bool:
    if exact:
        return name in patterns
    lowered = name.lower()
    return any(fnmatchcase(name, pattern) or fnmatchcase(lowered, pattern) for pattern in patterns)
