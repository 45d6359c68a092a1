# Writes the text of prompts: prose, code and lists, then as many notes as are asked for.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import random

PROSE = """\
The ferry left the island at seven, when the light over the harbour was still grey. \
Marta stood at the rail and counted the boats that she knew. Her grandfather had built \
two of them, and the third, a narrow green one, had been sold twice and repainted \
three times. Nobody on the pier waved. It was a Tuesday in March, and people on the \
island did not wave on Tuesdays.

She had a letter in her coat from the university and had read it so often that the \
folds were wearing through. It said that the laboratory would expect her on the first \
of April, that a room had been found for her near the botanical garden, and that she \
should bring warm clothes. It did not say for how long. Her mother had asked that \
question four times, each time in a different tone, and Marta had given four \
different answers.

A tide gauge is a simple thing: a pipe, a float, a wire, a wheel and a pen. The one at \
the end of the pier had been drawing its line since 1931, and the lighthouse keeper \
changed the paper every Sunday. Marta had taken eighty years of those lines, measured \
them with a ruler, and typed the numbers into a table. What she found was that the sea \
rises a little, which everybody knew, and that it rises faster after winters with \
much ice, which nobody had written down before. The professor on the mainland had \
answered within a week.

How does one weigh a cloud? Not the whole of it, of course. One flies a small machine \
through it, catches the drops on a heated wire, and reads from the current how much \
water has boiled away. A fair-weather cloud of a cubic kilometre holds about half a \
gram in each cubic metre, which makes five hundred tonnes in all, the weight of a \
hundred elephants, held up by nothing but air that rises slowly.

To make the bread of the island, take 500 g of rye flour, 350 ml of water, 10 g of \
salt and a cup of yesterday's dough. Mix them in the evening; let the bowl stand near \
the stove but not on it. In the morning fold the dough four times, wait an hour, and \
bake it for fifty minutes. It is done when it sounds hollow. Do not cut it while it is \
warm, whatever the children say.

Der Leuchtturm steht seit hundert Jahren auf dem Felsen, und in jeder Nacht dreht sich \
das Licht dreimal in der Minute. Le gardien dit que la mer ne dort jamais, mais qu'elle \
ferme parfois les yeux. El viento del norte trae lluvia; el del sur, recuerdos. \
Старый рыбак чинил сеть и молчал. 灯台の光は霧の中でも見える。风停了，海面像镜子一样平静。

def mean_level(lines):
    \"\"\"The mean of the levels that are numbers; None if there is none.\"\"\"
    levels = [float(word) for line in lines for word in line.split() if word != "-"]
    return sum(levels) / len(levels) if levels else None

for (size_t i = 0; i + 1 < heights.size(); ++i)
  if (heights[i] > heights[i + 1]) std::swap(heights[i], heights[i + 1]);

"""

PLACES = "pier,old mill,north beach,lighthouse,school,salt works,upper farm,bridge"
PEOPLE = "Marta,the keeper,Jonas,a fisherman,the teacher,Ines,two children,the doctor"
DEEDS = (
    "saw {n} seals near the {place} and wrote it down",
    "asked why the lamp at the {place} had been dark for {n} minutes",
    "measured {n} centimetres of snow behind the {place}",
    "carried {n} baskets from the {place} and would not say what was in them",
    "read the gauge at the {place}: {n}.{m}, lower than anyone had expected",
    "lost a glove on the way to the {place}, the {n}th this winter",
    "claimed that the road to the {place} is {n} paces longer in the rain",
)
WEATHER = "fog,clear sky,light rain,a gale from the west,frost,thaw,sleet,calm"


def make_text(size):
    """A text of at least `size` bytes; a longer one starts with a shorter one."""
    draw = random.Random(1931)
    parts, length, day = [PROSE], len(PROSE.encode()), 0
    while length < size:
        day += draw.randint(1, 3)
        deed = draw.choice(DEEDS).format(
            n=draw.randint(2, 97),
            m=draw.randint(0, 9),
            place=draw.choice(PLACES.split(",")),
        )
        person, weather = (draw.choice(x.split(",")) for x in (PEOPLE, WEATHER))
        part = f"Day {day}, {weather}. {person[0].upper()}{person[1:]} {deed}.\n"
        parts.append(part)
        length += len(part.encode())
    return "".join(parts)
