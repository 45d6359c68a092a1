# Model.chat and `tenon run --chat` give the same answers.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""chat_test.py FOLDER, with chat.tenon and none.tenon. TENON_HOME names the build tree."""

import json
import pathlib
import subprocess
import sys
import unittest

import tenon
from tenon.chat import render
from tenon.places import find_program

FOLDER = pathlib.Path(sys.argv[1])


def say(role, content):
    return {"role": role, "content": content}


class Chat(unittest.TestCase):
    def setUp(self):
        self.model = tenon.load(FOLDER / "chat.tenon")
        self.addCleanup(self.model.close)

    def run_program(self, *flags, lines=""):
        command = [find_program("tenon"), "run", self.model.path, "--chat", "--json"]
        done = subprocess.run(
            [*command, *flags], check=True, capture_output=True, input=lines.encode()
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def compare(self, answer, want):
        self.assertEqual(answer.prompt, want["prompt"])
        self.assertEqual(answer.tokens, want["tokens"])
        self.assertEqual(answer.text, want["text"])
        self.assertEqual(answer.finish_reason, want["finish_reason"])

    def test_one_answer(self):
        (want,) = self.run_program("--prompt=bxc", "-n=2")
        self.compare(self.model.chat([say("user", "bxc")], n=2), want)
        (want,) = self.run_program("--prompt=c", "--system=b", "-n=1")
        messages = [say("system", "b"), say("user", "c")]
        self.compare(self.model.chat(messages, n=1), want)

    def test_turns(self):
        first, second = self.run_program("-n=2", lines="b\nc\n")
        messages = [say("user", "b")]
        answer = self.model.chat(messages, n=2)
        self.compare(answer, first)
        messages += [say("assistant", answer.text), say("user", "c")]
        self.compare(self.model.chat(messages, n=2), second)

    def test_until_the_context_is_full(self):
        (want,) = self.run_program("--prompt=b")
        answer = self.model.chat([say("user", "b")])
        self.compare(answer, want)
        self.assertEqual(answer.finish_reason, "context")
        pieces = list(self.model.stream_chat([say("user", "b")]))
        self.assertEqual("".join(pieces), answer.text)

    def test_refusals(self):
        def refuse(message, *messages):
            with self.assertRaisesRegex(tenon.Error, message):
                self.model.chat(messages)

        refuse(
            "cannot render .*: the template says: the system says", say("system", "")
        )
        refuse("context has 32; compile the model with a larger", say("user", "a" * 40))
        self.model = tenon.load(FOLDER / "none.tenon")
        refuse("has no chat template", say("user", "a"))

    def test_what_templates_use(self):
        folder = FOLDER / "used.tenon"
        folder.mkdir()

        def rendered(template, *messages):
            stored = {"template": template, "tokens": {"bos_token": "<s>"}}
            (folder / "chat.json").write_text(json.dumps(stored))
            return render(str(folder), messages)

        self.assertEqual(rendered("{{ bos_token }}{{ tools is none }}"), "<s>True")
        marked = "{% for m in messages %}\n  {% generation %}\n{{ m | tojson }}\n  {% endgeneration %}\n{% break %}{% endfor %}"
        self.assertEqual(rendered(marked, {"a": "<\u00e9>"}, {}), '{"a": "<\u00e9>"}\n')
        self.assertRegex(rendered("{{ strftime_now('%Y') }}"), r"^20\d\d$")
        with self.assertRaisesRegex(tenon.Error, "cannot render this conversation"):
            rendered("{{ messages.append(1) }}")
        (folder / "chat.json").write_text("[]")
        with self.assertRaisesRegex(tenon.Error, "chat.json' is damaged"):
            render(str(folder), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
