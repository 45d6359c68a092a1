# The mutants of one source, read off its syntax tree.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import dataclasses
import re

from clang.cindex import CursorKind, TypeKind

import sources
from mutants import BINARY, Mutant, with_ordinals

LONGEST_COPY = 700  # characters of an expression that is written twice
FUNCTIONS = {
    CursorKind.FUNCTION_DECL,
    CursorKind.CXX_METHOD,
    CursorKind.CONSTRUCTOR,
    CursorKind.DESTRUCTOR,
    CursorKind.CONVERSION_FUNCTION,
    CursorKind.FUNCTION_TEMPLATE,
    CursorKind.LAMBDA_EXPR,
}
CLASSES = {
    CursorKind.CLASS_DECL,
    CursorKind.STRUCT_DECL,
    CursorKind.CLASS_TEMPLATE,
    CursorKind.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION,
}
LOOPS = {CursorKind.FOR_STMT, CursorKind.WHILE_STMT, CursorKind.CXX_FOR_RANGE_STMT}
NOT_MUTATED = {CursorKind.STATIC_ASSERT, CursorKind.ENUM_DECL, CursorKind.FRIEND_DECL}
STATEMENTS = {
    CursorKind.CALL_EXPR,
    CursorKind.BINARY_OPERATOR,
    CursorKind.COMPOUND_ASSIGNMENT_OPERATOR,
    CursorKind.UNARY_OPERATOR,
    CursorKind.BREAK_STMT,
    CursorKind.CONTINUE_STMT,
    CursorKind.UNEXPOSED_EXPR,
}
NUMBERS = set(range(TypeKind.CHAR_U.value, TypeKind.LONGDOUBLE.value + 1))

BOTH = ("true", "false")
OVERLOADED = {"==", "!=", "+", "-", "*"}
# What a user reads is no behavior that a test must pin.
DIAGNOSTICS = re.compile(
    r"emit(Op)?(Error|Warning|Remark)|notifyMatchFailure|fail(On\w+|Damaged)?|refuse"
    r"|error|warning|attachNote|create(String)?Error|report_fatal_error|addNote|fprintf"
)
# Calls that give the same whatever the order of their first arguments.
SYMMETRIC = re.compile(
    r"\b(min|max|gcd|lcm|swap|memcmp|(Add|Mul|And|Or|XOr|Max\w*|Min\w*)[IF]Op::create"
    r"|(Add|Mul)Overflow|b(uilder)?\.(add|mul))\b"
)
INTEGER = re.compile(r"(0[xX][0-9a-fA-F']+|0[bB][01']+|[0-9][0-9']*)([uUlLzZ]*)")
FLOAT = re.compile(r"[0-9.][0-9.a-fA-FxXpP+-]*?([fFlL]?)")


@dataclasses.dataclass(frozen=True)
class Context:
    """What surrounds a node."""

    function: str = ""
    result: str = ""  # type of the function's result
    constant: int = -1
    default: bool = False
    droppable: bool = False  # a statement of its own
    falls: bool = False  # something is run behind it
    guard: bool = False  # the end of what an `if` without `else` runs
    extent: tuple = (0, 0)
    number: str = ""  # the number type that a node of `extent` becomes

    def of(self, **changes):
        kept = {"droppable": False, "guard": False, **changes}
        return dataclasses.replace(self, **kept)


class Collector:
    """Walks the nodes of one file."""

    def __init__(self, file, text):
        self.file = file
        self.text = text
        self.masked = sources.mask(text)
        self.macros = sources.macro_ranges(self.masked)
        self.mutants = []

    def span(self, node):
        extent = node.extent
        return extent.start.offset, extent.end.offset

    def in_macro(self, start, end):
        return any(first <= start and end <= last for first, last in self.macros)

    def closing(self, start):
        """The parentheses that open first behind an offset: inside, and behind them."""
        first = self.masked.find("(", start)
        depth, at = 1, first + 1
        while depth and at < len(self.masked):
            depth += {"(": 1, ")": -1}.get(self.masked[at], 0)
            at += 1
        return first + 1, at

    def between(self, left, right):
        return self.masked[left[1] : right[0]].strip()

    # Mutants.

    def add(self, kind, form, span, mutated, context, cast=""):
        start, end = span
        original = self.text[start:end]
        if self.in_macro(start, end) or "\n#" in original or original == mutated:
            return
        if form != "statement" and len(original) > LONGEST_COPY:
            return
        if context.default and kind == "constant":
            kind = "default"
        line = self.text.count("\n", 0, start) + 1
        self.mutants.append(
            Mutant(
                self.file, start, end, form, kind, original, mutated,
                context.function, line, cast, context.constant,
            )
        )  # fmt: skip

    def add_binary(self, node, context):
        children = list(node.get_children())
        if len(children) < 2:
            return
        left, right = self.span(children[0]), self.span(children[-1])
        operator = self.between(left, right)
        if operator not in BINARY:
            return
        if node.kind == CursorKind.CALL_EXPR and operator not in OVERLOADED:
            return
        span = self.span(node)
        texts = [self.text[start:end] for start, end in (left, right)]
        kind, *others = BINARY[operator]
        for other in others:
            self.add(kind, "expression", span, f"{texts[0]} {other} {texts[1]}", context)
        if kind == "logic":
            for text in texts:
                self.add(kind, "condition", span, f"static_cast<bool>({text})", context)

    def add_forced(self, span, context, values=BOTH):
        for value in values:
            self.add("condition", "condition", span, value, context)

    def add_call(self, node, context):
        start, end = self.span(node)
        text = self.text[start:end]
        name = re.match(r"(std|llvm)::(min|max)\b", text)
        if name:
            other = {"min": "max", "max": "min"}[name[2]]
            changed = f"{name[1]}::{other}{text[name.end():]}"
            self.add("extreme", "expression", (start, end), changed, context)
        arguments = [argument for argument in node.get_arguments() if argument]
        spans = [self.span(argument) for argument in arguments]
        if not spans or SYMMETRIC.search(self.masked[start : spans[0][0]]):
            return
        if not text.endswith(")") or not all(start < a < b < end for a, b in spans):
            return
        types = [argument.type.get_canonical().spelling for argument in arguments]
        for at in range(len(spans) - 1):
            if types[at] == types[at + 1] and "lambda" not in types[at]:
                self.add_swap((start, end), spans[at], spans[at + 1], context)

    def add_swap(self, span, first, second, context):
        if self.between(first, second) != ",":
            return
        pieces = [
            (span[0], first[0]), second, (first[1], second[0]), first, (second[1], span[1]),
        ]  # fmt: skip
        changed = "".join(self.text[start:end] for start, end in pieces)
        self.add("arguments", "expression", span, changed, context)

    def add_number(self, node, context):
        span = self.span(node)
        text = self.text[span[0] : span[1]]
        cast = context.number or node.type.get_canonical().spelling
        before = self.masked[: span[0]].rstrip()[-1:]
        if before in ("[", "<", "") or cast == "bool":
            return
        integer = INTEGER.fullmatch(text)
        if node.kind == CursorKind.INTEGER_LITERAL and integer:
            digits = integer[1].replace("'", "")
            octal = re.fullmatch("0[0-7]+", digits)
            value = int(digits, 8 if octal else 0)
            others = [value + 1]
            if value or ("u" not in integer[2].lower() and "unsigned" not in cast):
                others.append(value - 1)
            texts = [f"{other}{integer[2]}" for other in others]
        elif node.kind == CursorKind.FLOATING_LITERAL and FLOAT.fullmatch(text):
            suffix = FLOAT.fullmatch(text)[1]
            texts = [f"{text} * 1.01{suffix}", f"{text} + 1"]
        else:
            return
        for other in texts:
            self.add("constant", "expression", span, other, context, cast)

    def add_enumerator(self, node, context):
        start, end = self.span(node)
        text, name = self.text[start:end], node.spelling
        others = [
            other
            for other in node.referenced.semantic_parent.get_children()
            if other.kind == CursorKind.ENUM_CONSTANT_DECL
        ]
        place = [other.spelling for other in others].index(name)
        other = others[(place + 1) % len(others)]
        if text.endswith(name) and other.enum_value != others[place].enum_value:
            changed = text[: len(text) - len(name)] + other.spelling
            self.add("constant", "expression", (start, end), changed, context)

    def add_dropped(self, node, context):
        start, end = self.span(node)
        behind = re.match(r"\s*;", self.masked[end:])
        text = self.masked[start:end]
        if behind and not re.match(
            r"\(void\)|delete |.*\b(attachNote|emitRemark)\(", text, re.S
        ):
            span = (start, end + behind.end())
            self.add("statement", "statement", span, "", context)

    # Nodes.

    def visit(self, node, context):
        location = node.location.file
        if location is None or location.name != self.path:
            return
        span = self.span(node)
        if node.kind in NOT_MUTATED or self.in_macro(*span):
            return
        if node.kind in CLASSES:
            context = context.of(function=self.name_of(node))
        if node.kind in FUNCTIONS:
            context = self.enter_function(node, context)
            if context is None:
                return
        if node.kind.is_expression():
            context = self.enter_expression(node, span, context)
        if context.droppable and node.kind in STATEMENTS:
            self.add_dropped(node, context)
        if self.is_diagnostic(node):
            return
        self.add_own(node, span, context)
        self.visit_children(node, span, context)

    def name_of(self, node):
        names = []
        while node is not None and node.kind != CursorKind.TRANSLATION_UNIT:
            names.append(node.spelling)
            node = node.semantic_parent
        # Clang's names of what has none say where the file lies.
        named = (name for name in reversed(names) if name and "(" not in name)
        return "::".join(named)

    def enter_function(self, node, context):
        start, _ = self.span(node)
        head = self.masked[start:].split("{", 1)[0]
        if re.search(r"\bconstexpr\b", head):
            return None
        if node.kind == CursorKind.LAMBDA_EXPR:
            return context.of(result="", falls=False)
        function = self.name_of(node)
        result = node.result_type.get_canonical().spelling
        return context.of(function=function, result=result, falls=result == "void")

    def enter_expression(self, node, span, context):
        own = node.type.get_canonical()
        is_number = own.kind.value in NUMBERS
        if span == context.extent and context.number:
            return context
        number = own.spelling.removeprefix("const ") if is_number else ""
        return dataclasses.replace(context, extent=span, number=number)

    def is_diagnostic(self, node):
        if not node.kind.is_expression():
            return False
        if node.type.get_canonical().spelling.endswith("InFlightDiagnostic"):
            return True
        return node.kind == CursorKind.CALL_EXPR and bool(
            DIAGNOSTICS.fullmatch(node.spelling or "")
        )

    def add_own(self, node, span, context):
        kind = node.kind
        if kind in (CursorKind.BINARY_OPERATOR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR):
            self.add_binary(node, context)
        elif kind == CursorKind.CALL_EXPR:
            if (node.spelling or "").startswith("operator"):
                self.add_binary(node, context)
            elif not context.default:
                self.add_call(node, context)
        elif kind in (CursorKind.INTEGER_LITERAL, CursorKind.FLOATING_LITERAL):
            self.add_number(node, context)
        elif kind == CursorKind.CXX_BOOL_LITERAL_EXPR:
            other = {"true": "false", "false": "true"}.get(self.text[span[0] : span[1]])
            if other:
                self.add("constant", "expression", span, other, context)
        elif kind == CursorKind.UNARY_OPERATOR and self.masked[span[0]] == "!":
            inner = self.text[span[0] + 1 : span[1]]
            self.add("negation", "condition", span, f"static_cast<bool>({inner})", context)
        elif kind == CursorKind.DECL_REF_EXPR and node.referenced is not None:
            if node.referenced.kind == CursorKind.ENUM_CONSTANT_DECL:
                self.add_enumerator(node, context)
        elif kind == CursorKind.RETURN_STMT:
            self.add_return(node, span, context)

    def add_return(self, node, span, context):
        if context.droppable and context.guard and context.falls:
            self.add_dropped(node, context)
        value = next(node.get_children(), None)
        if context.result != "bool" or value is None:
            return
        start, end = self.span(value)
        text = self.text[start:end]
        if text not in ("true", "false"):
            self.add("return", "condition", (start, end), f"!({text})", context)

    def visit_children(self, node, span, context):
        kind, children = node.kind, list(node.get_children())
        if kind == CursorKind.VAR_DECL:
            head = re.search(r"\bconstexpr\b", self.masked[span[0] : span[1]])
            if head and node.semantic_parent.kind in CLASSES:
                return  # must be known where the class is complete
            if head:
                context = context.of(constant=span[0] + head.start())
        if kind in (CursorKind.PARM_DECL, CursorKind.FIELD_DECL):
            context = context.of(default=True)
        if kind in (CursorKind.VAR_DECL, CursorKind.FIELD_DECL):
            children = [child for child in children if self.is_initializer(child)]
        if kind == CursorKind.CASE_STMT:
            children = children[1:]
        if kind in (CursorKind.CASE_STMT, CursorKind.DEFAULT_STMT):
            inner = context.of(droppable=True, falls=True)
        elif kind == CursorKind.COMPOUND_STMT:
            self.visit_block(children, context)
            return
        elif kind == CursorKind.IF_STMT or kind in LOOPS:
            self.visit_controlled(node, span, children, context)
            return
        elif kind == CursorKind.CONDITIONAL_OPERATOR:
            self.add_forced(self.span(children[0]), context)
            inner = context.of()
        else:
            inner = context.of()
        for child in children:
            self.visit(child, inner)

    def is_initializer(self, child):
        """Not the size of an array, the width of a field or an argument of a template."""
        number = child.kind in (CursorKind.INTEGER_LITERAL, CursorKind.FLOATING_LITERAL)
        before = self.masked[: self.span(child)[0]].rstrip()[-1:]
        return not number or before in ("=", "{", "(")

    def visit_block(self, children, context):
        for at, child in enumerate(children):
            last = at == len(children) - 1
            self.visit(
                child,
                context.of(
                    droppable=True,
                    falls=context.falls or not last,
                    guard=context.guard and last,
                ),
            )

    def visit_controlled(self, node, span, children, context):
        """An `if` or a loop: what it asks, then what it runs."""
        inside, behind = self.closing(span[0])
        keyword = self.masked[span[0] : inside]
        bodies = [child for child in children if self.span(child)[0] >= behind]
        is_guard = node.kind == CursorKind.IF_STMT and len(bodies) == 1
        for child in children:
            if child in bodies:
                falls = context.falls or node.kind in LOOPS
                self.visit(child, context.of(droppable=True, falls=falls, guard=is_guard))
                continue
            start, end = self.span(child)
            alone = not self.masked[inside:start].strip(" \n")
            alone = alone and not self.masked[end : behind - 1].strip(" \n")
            if alone and child.kind.is_expression() and "constexpr" not in keyword:
                if node.kind == CursorKind.IF_STMT:
                    # Without its one statement, an `if` is as good as false.
                    plain = is_guard and bodies[0].kind in STATEMENTS | {
                        CursorKind.RETURN_STMT
                    }
                    self.add_forced((start, end), context, ("true",) if plain else BOTH)
                elif node.kind == CursorKind.WHILE_STMT:
                    self.add("condition", "condition", (start, end), "false", context)
            self.visit(child, context.of())

    def collect(self, unit):
        self.path = unit.spelling
        for child in unit.cursor.get_children():
            self.visit(child, Context())
        unique = {}
        for mutant in self.mutants:
            unique.setdefault((mutant.start, mutant.end, mutant.mutated), mutant)
        return with_ordinals(list(unique.values()))
