# Sessions of the package.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""ADDER names the compiled adder, TENON_HOME the build tree."""

import gc
import os
import signal
import threading
import unittest

import numpy as np

import tenon

ADDER = os.environ["ADDER"]
A, B = list(b"123+45="), list(b"7+8=")


class Steps(unittest.TestCase):
    def setUp(self):
        self.model = tenon.load(ADDER)
        self.addCleanup(self.model.close)

    def alone(self, tokens):
        """The logits after a sequence that is alone in its session."""
        with self.model.session(threads=1) as session:
            return session.prefill(tokens)

    def same(self, got, want):
        np.testing.assert_array_equal(got.view(np.int32), want.view(np.int32))

    def test_sequences_share_a_step(self):
        with self.model.session(slots=3) as session:
            session.step({2: A[:4]})
            logits = session.step({1: B, 2: A[4:]})
            self.assertEqual(logits.shape, (2, self.model.vocabulary))
            self.assertEqual([session.length(i) for i in range(3)], [0, 4, 7])
        # They are the caller's.
        self.same(logits[0], self.alone(B))
        self.same(logits[1], self.alone(A))

    def test_rows(self):
        with self.model.session() as session:
            logits = session.step_rows(A, rows=[6, 2])
        self.same(logits[0], self.alone(A))
        self.same(logits[1], self.alone(A[:3]))

    def test_out(self):
        out = np.full((2, self.model.vocabulary), np.nan, np.float32)
        with self.model.session() as session:
            self.assertIs(session.step_rows(A[:3], rows=[2, 0], out=out), out)
            self.same(out[0], self.alone(A[:3]))
            session.prefill(A[3:], out=out[1])
            self.same(out[1], self.alone(A))
            for wrong in (out.T, out[:, ::2], np.empty((1, 5), np.float32)):
                with self.assertRaisesRegex(ValueError, "^out: expects the shape"):
                    session.step_rows([1, 2], rows=[0, 1], out=wrong)
            with self.assertRaisesRegex(TypeError, "^out: .* got float64"):
                session.prefill([1], out=np.empty(257))

    def test_no_sequence(self):
        with self.model.session() as session:
            self.assertEqual(session.step({}).shape, (0, self.model.vocabulary))

    def test_save_and_restore(self):
        with self.model.session(slots=2) as session, self.model.session() as other:
            session.step({1: A[:-1]})
            saved = session.save(1)
            other.restore(saved)
            self.same(other.step(A[-1:])[0], self.alone(A))
            other.reset()
            self.assertEqual(other.length(), 0)
            with self.assertRaisesRegex(tenon.Error, "saved"):
                other.restore(saved[:-9])

    def test_sample(self):
        logits = np.zeros(self.model.vocabulary, np.float32)
        logits[65] = 1
        with self.model.session() as session:
            self.assertEqual(session.sample(logits, tenon.Sampling(), counter=0), 65)
            hot = tenon.Sampling(temperature=100, seed=3)
            drawn = [session.sample(logits, hot, counter=i) for i in range(20)]
            again = [session.sample(logits, hot, counter=i) for i in range(20)]
        self.assertEqual(drawn, again)
        self.assertGreater(len(set(drawn)), 5)

    def test_arrays(self):
        class Tensor:
            """What other libraries have: an array behind DLPack."""

            def __init__(self, array):
                self.array = array

            def __dlpack__(self, **options):
                return self.array.__dlpack__(**options)

            def __dlpack_device__(self):
                return self.array.__dlpack_device__()

        want = self.alone(A)
        ids = np.array(A)
        spread = np.stack([ids, ids], axis=1)[:, 0]
        for tokens in (ids, ids.astype(np.uint8), spread, tuple(A), Tensor(ids)):
            self.same(self.alone(tokens), want)


class Lifetimes(unittest.TestCase):
    def test_a_session_outlives_its_model(self):
        session = tenon.load(ADDER).session()
        gc.collect()
        self.assertEqual(session.generate("123+45=").text, "168")
        session.model.close()
        session.reset()
        self.assertEqual(session.generate("123+45=").text, "168")
        with self.assertRaisesRegex(tenon.Error, "is closed; load it again"):
            session.model.session()

    def test_a_closed_session(self):
        session = tenon.load(ADDER).session()
        session.close()
        session.close()
        with self.assertRaisesRegex(tenon.Error, "session is closed"):
            session.step([1])

    def test_an_interrupt(self):
        # Python sees it between steps, unless whoever started this ignores it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with tenon.load(ADDER).session() as session:
            with self.assertRaises(KeyboardInterrupt):
                for _ in session.stream("123+45=", ignore_eos=True):
                    signal.raise_signal(signal.SIGINT)
            self.assertEqual(session.length(), 7)
            session.reset()
            self.assertEqual(session.generate("123+45=").text, "168")

    def test_threads_wait_for_each_other(self):
        with tenon.load(ADDER).session(slots=4, threads=1) as session:
            texts = [""] * 4

            def run(slot):
                for _ in range(20):
                    session.reset(slot)
                    texts[slot] += session.generate("123+45=", slot=slot).text

            threads = [threading.Thread(target=run, args=[i]) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(texts, ["168" * 20] * 4)


class Refusals(unittest.TestCase):
    def setUp(self):
        self.session = tenon.load(ADDER).session(slots=2)
        self.addCleanup(self.session.close)

    def refuse(self, kind, message, action):
        with self.assertRaisesRegex(kind, message):
            action()
        self.assertEqual(self.session.length(), 0)

    def test_types(self):
        step = self.session.step
        self.refuse(
            TypeError, "slot 0: expects integers, but got float64", lambda: step([1.5])
        )
        self.refuse(
            TypeError, "slot 0: expects numbers, but got str", lambda: step("1")
        )
        self.refuse(TypeError, "rows of one length", lambda: step([[1], [2, 3]]))
        self.refuse(
            TypeError,
            "slot: expects an integer, but got float",
            lambda: self.session.reset(0.5),
        )
        self.refuse(
            TypeError,
            "logits: expects float32, but got float64",
            lambda: self.session.sample(np.zeros(257), tenon.Sampling(), counter=0),
        )

    def test_values(self):
        step = self.session.step
        self.refuse(
            ValueError, "slot 0: expects one dimension, but got 2", lambda: step([[1]])
        )
        self.refuse(
            ValueError, "slot 1: expects a token", lambda: step({0: [1], 1: []})
        )
        self.refuse(ValueError, "32 bits", lambda: step([1 << 40]))
        self.refuse(ValueError, "-1", lambda: self.session.reset(-1))
        self.refuse(
            ValueError,
            "slots: expects 2, as many as tokens, got 1",
            lambda: self.session.step_rows([1, 2], slots=[0], rows=[0]),
        )
        self.refuse(
            ValueError,
            r"logits: expects the shape \(257,\), but got \(1, 257\)",
            lambda: self.session.sample(
                np.zeros((1, 257), np.float32), tenon.Sampling(), counter=0
            ),
        )
        self.refuse(ValueError, "temperature", lambda: tenon.Sampling(float("nan")))
        self.refuse(ValueError, "top_p", lambda: tenon.Sampling(top_p=2))
        self.refuse(
            ValueError, "expects at least one", lambda: self.session.generate([])
        )

    def test_what_the_library_refuses(self):
        step = self.session.step
        self.refuse(tenon.Error, "token", lambda: step([257]))
        self.refuse(tenon.Error, "slot", lambda: step({2: [1]}))
        self.refuse(tenon.Error, "12", lambda: self.session.prefill([1] * 13))
        self.refuse(
            tenon.Error,
            "ends at 13 tokens, but the context has 12; .* max_context=76 or more",
            lambda: self.session.generate([1] * 13),
        )

    def test_files(self):
        self.refuse(tenon.Error, "nowhere", lambda: tenon.load("nowhere"))
        self.refuse(tenon.Error, "decoder", lambda: self.session.model.embed(["a"]))
        model = tenon.load(ADDER, inspect=True)
        self.assertEqual((model.architecture, model.layers), ("deepseek_v3", 3))
        self.refuse(tenon.Error, "inspect", model.session)

    def test_no_installation(self):
        home = os.environ["TENON_HOME"]
        self.addCleanup(os.environ.__setitem__, "TENON_HOME", home)
        os.environ["TENON_HOME"] = "nowhere"
        message = (
            "cannot find libtenon-runtime.so.0 in 'nowhere'; install the wheel tenon"
        )
        self.refuse(tenon.Error, message, lambda: tenon.load(ADDER))


if __name__ == "__main__":
    unittest.main()
