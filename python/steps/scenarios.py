# Sequences of calls of a session, drawn at random by Hypothesis.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""A scenario is what a server does with a session: steps of several sequences,
prefills, sequences cut short, and sequences copied into another slot. Each of its
tokens depends on the seed and on its place in the scenario alone, so a slot that is
used again holds other tokens than before."""

from dataclasses import dataclass, field

from hypothesis import strategies as st


@dataclass(frozen=True)
class Step:
    """Tokens of some sequences, in an order of slots, and the rows wanted."""

    slots: tuple  # one for each sequence
    counts: tuple  # tokens of each
    rows: tuple  # tokens of the step, in any order, perhaps more than once


@dataclass(frozen=True)
class Prefill:
    slot: int
    count: int
    chunk: int


@dataclass(frozen=True)
class Truncate:
    slot: int
    length: int


@dataclass(frozen=True)
class Copy:
    source: int
    target: int


@dataclass(frozen=True)
class Scenario:
    slots: int
    context: int
    threads: int
    vocabulary: int  # tokens are below: with 1 all choose the same experts
    seed: int
    actions: tuple


def draw_token(scenario, *place):
    """A token for one place: SplitMix64 of its coordinates."""
    mask = (1 << 64) - 1
    state = scenario.seed
    for number in place:
        state = (state ^ number) + 0x9E3779B97F4A7C15 & mask
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
        state = (state ^ state >> 27) * 0x94D049BB133111EB & mask
        state ^= state >> 31
    return state % scenario.vocabulary


@dataclass
class Call:
    """One step as the session sees it: what to feed, and what each wanted row is a
    continuation of."""

    action: object
    number: int
    tokens: list = field(default_factory=list)
    slots: list = field(default_factory=list)
    starts: list = field(default_factory=list)  # of each sequence
    wanted: list = field(default_factory=list)  # the tokens up to each wanted row


def unfold(scenario):
    """The calls of a scenario, with the tokens that each sequence holds."""
    held = [() for _ in range(scenario.slots)]
    calls = []
    for number, action in enumerate(scenario.actions):
        call = Call(action, number)
        calls.append(call)
        if isinstance(action, Truncate):
            held[action.slot] = held[action.slot][: action.length]
        elif isinstance(action, Copy):
            held[action.target] = held[action.source]
        else:
            feed(scenario, call, held)
    return calls


def feed(scenario, call, held):
    """Appends the tokens of a step or a prefill."""
    action = call.action
    is_step = isinstance(action, Step)
    parts = zip(action.slots, action.counts) if is_step else [(action.slot, action.count)]
    reached = []
    for slot, count in parts:
        call.starts.append(len(held[slot]))
        for place in range(count):
            token = draw_token(scenario, call.number, slot, place)
            held[slot] += (token,)
            call.tokens.append(token)
            call.slots.append(slot)
            reached.append(held[slot])
    rows = action.rows if is_step else ([len(reached) - 1] if reached else [])
    call.wanted = [reached[row] for row in rows]


@st.composite
def counts_of(draw, lengths, context, most):
    """Tokens of each sequence of a step. Often one ends where the next begins, which
    is how blocks of two sequences look like one."""
    counts = []
    left = most
    for place, length in enumerate(lengths):
        room = min(context - length, left)
        following = lengths[place + 1] if place + 1 < len(lengths) else 0
        touching = following - length
        if 0 < touching <= room and draw(st.booleans()):
            count = touching
        else:
            # A session refuses a slot that returns, not one that brings nothing.
            count = draw(st.one_of(st.integers(0, min(room, 3)), st.integers(0, room)))
        counts.append(count)
        left -= count
    return tuple(counts)


@st.composite
def steps(draw, lengths, context, most):
    slots = draw(st.permutations(range(len(lengths))))
    slots = slots[: draw(st.integers(1, len(slots)))]
    counts = draw(counts_of([lengths[slot] for slot in slots], context, most))
    total = sum(counts)
    kind = draw(st.sampled_from(["all", "last", "some"]))
    rows = tuple(range(total))
    if kind == "last":
        ends = [sum(counts[: i + 1]) - 1 for i in range(len(counts)) if counts[i]]
        rows = tuple(ends)
    elif kind == "some" and total:
        rows = tuple(draw(st.lists(st.integers(0, total - 1), max_size=min(total, 6))))
    return Step(tuple(slots), counts, rows)


@st.composite
def prefills(draw, lengths, context, most):
    slot = draw(st.integers(0, len(lengths) - 1))
    count = draw(st.integers(0, context - lengths[slot]))
    return Prefill(slot, count, draw(st.integers(0, most)))


@st.composite
def scenarios(draw, model):
    """What a session of a model may be asked to do. `model` has `vocabulary`,
    `max_context` and `buckets`."""
    most = model.buckets[-1]
    slots = draw(st.integers(1, 4))
    context = draw(st.integers(1, min(96, model.max_context)))
    vocabulary = draw(st.sampled_from([model.vocabulary, model.vocabulary, 3, 1]))
    lengths = [0] * slots
    actions = []
    for _ in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["step"] * 5 + ["prefill", "truncate", "copy"]))
        if kind == "truncate":
            slot = draw(st.integers(0, slots - 1))
            action = Truncate(slot, draw(st.integers(0, lengths[slot])))
            lengths[slot] = action.length
        elif kind == "copy":
            action = Copy(*draw(st.tuples(*[st.integers(0, slots - 1)] * 2)))
            lengths[action.target] = lengths[action.source]
        elif kind == "prefill":
            action = draw(prefills(lengths, context, most))
            lengths[action.slot] += action.count
        else:
            action = draw(steps(lengths, context, most))
            for slot, count in zip(action.slots, action.counts):
                lengths[slot] += count
        actions.append(action)
    return Scenario(
        slots,
        context,
        draw(st.sampled_from([1, 2, 3])),
        vocabulary,
        draw(st.integers(0, 2**32)),
        tuple(actions),
    )
