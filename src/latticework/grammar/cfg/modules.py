"""Grammar texts that import from one another: which definition a name stands for in each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from latticework.grammar.cfg import library
from latticework.grammar.cfg.expressions import Expression, Name, Source, Span
from latticework.grammar.cfg.lark_text import Declare, Definition, Ignore, Import, is_terminal_name, parse


@dataclass(eq=False, slots=True)
class Entry:
    """What a name stands for: alternatives, each with the module whose names it uses; none for what is declared."""

    name: str
    module: Module
    span: Span
    parameters: tuple[str, ...] = ()
    priority: int = 0
    bodies: list[tuple[Module, Expression]] = field(default_factory=list)
    is_declared: bool = False


@dataclass(eq=False, slots=True)
class Module:
    """One grammar text, read."""

    source: Source
    folder: Path | None
    links: dict[str, tuple[Module, str]] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    ignored: list[Ignore] = field(default_factory=list)

    def find(self, name: str) -> Entry | None:
        """The entry a name stands for here, ``None`` for no entry."""
        module: Module = self
        while (link := module.links.get(name)) is not None:
            module, name = link
        return module.entries.get(name)

    def entry(self, name: str, span: Span) -> Entry:
        """The entry a name stands for here.

        Raises:
            GrammarError: there is none.
        """
        found = self.find(name)
        if found is None:
            kind = "terminal" if is_terminal_name(name) else "rule"
            close = get_close_matches(name, [*self.entries, *self.links], 1)
            self.source.fail(f"there is no {kind} {name!r}", span, f"did you mean {close[0]!r}?" if close else "")
        return found


class Loader:
    """Reads every text once, however often it is imported."""

    def __init__(self) -> None:
        self.loaded: dict[tuple[Path | None, str], Module] = {}

    def main(self, text: str, folder: Path | None) -> Module:
        """The module of the text that was given."""
        return self._filled(Module(Source(text), folder))

    def _filled(self, module: Module) -> Module:
        statements = parse(module.source)
        # Files may import from one another, so what a file defines itself comes first.
        for statement in statements:
            if isinstance(statement, Definition) and statement.how == "define":
                self._define(module, statement)
        for statement in statements:
            if isinstance(statement, Import):
                self._import(module, statement)
        for statement in statements:
            match statement:
                case Ignore():
                    module.ignored.append(statement)
                case Declare(names):
                    for name in names:
                        self._declare(module, name)
                case Definition() if statement.how != "define":
                    self._change(module, statement)
        return module

    def _import(self, module: Module, statement: Import) -> None:
        imported = self._module(module, statement)
        for name, alias in statement.names:
            if is_terminal_name(name.name) != is_terminal_name(alias):
                module.source.fail("a terminal is named in capitals, a rule in small letters", name.span)
            imported_from = ".".join(statement.path)
            if imported.find(name.name) is None:
                close = get_close_matches(name.name, [*imported.entries, *imported.links], 1)
                hint = f"did you mean {close[0]!r}?" if close else ""
                module.source.fail(f"the grammar {imported_from} has no {name.name!r}", name.span, hint)
            if alias in module.entries or module.links.get(alias, (imported, name.name)) != (imported, name.name):
                hint = "give it another name here: -> NAME; or change the imported one: %override, %extend"
                module.source.fail(f"{alias!r} is defined twice", name.span, hint)
            module.links[alias] = (imported, name.name)

    def _module(self, module: Module, statement: Import) -> Module:
        path = "/".join(statement.path)
        folder = module.folder if statement.relative else None
        if statement.relative and folder is None:
            module.source.fail(
                "there is no folder to import from", statement.span, "read the grammar from a file, or give folder="
            )
        key = (folder, path)
        if key in self.loaded:
            return self.loaded[key]
        try:
            if folder is not None:
                file = folder / f"{path}.lark"
                text, folder = file.read_text(encoding="utf-8"), file.parent
            else:
                text = library.text_of(path)
        except (OSError, UnicodeDecodeError, KeyError):
            hint = "a dot in front of the name looks beside the grammar's own file" if folder is None else ""
            module.source.fail(f"no grammar {'.'.join(statement.path)!r} to import from", statement.span, hint)
        found = self.loaded[key] = Module(Source(text, ".".join(statement.path)), folder)
        return self._filled(found)

    def _define(self, module: Module, statement: Definition) -> None:
        if statement.name in module.entries:
            module.source.fail(f"{statement.name!r} is defined twice", statement.span, "put | between the two")
        module.entries[statement.name] = Entry(
            statement.name,
            module,
            statement.span,
            statement.parameters,
            statement.priority,
            [(module, statement.body)],
        )

    def _declare(self, module: Module, name: Name) -> None:
        if module.find(name.name) is None:
            module.entries[name.name] = Entry(name.name, module, name.span, is_declared=True)

    def _change(self, module: Module, statement: Definition) -> None:
        entry = module.entry(statement.name, statement.span)
        if statement.parameters != entry.parameters:
            module.source.fail(f"{statement.name!r} has other parameters where it is defined", statement.span)
        if entry.is_declared:
            module.source.fail(f"{statement.name!r} is only declared", statement.span, "define it")
        if statement.how == "override":
            entry.bodies.clear()
            entry.priority = statement.priority
        entry.bodies.append((module, statement.body))
