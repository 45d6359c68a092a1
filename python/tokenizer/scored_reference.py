"""A second opinion about scored tokenizers: sentencepiece, and a slow reference.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

SPACE_MARK = "\u2581"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)


def key(name):
    return f"tokenizer.ggml.{name}"


def make_sentencepiece(metadata):
    """Returns the sentencepiece processor of a file's metadata."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    unknown = metadata.get(key("unknown_token_id"), -1)
    rows = zip(
        metadata[key("tokens")], metadata[key("scores")], metadata[key("token_type")]
    )
    for token, (text, score, kind) in enumerate(rows):
        # Files call the unknown piece a control token at times, and spell the
        # spaces of user-defined pieces as spaces.
        kind = UNKNOWN if token == unknown else kind
        text = text.replace(" ", SPACE_MARK) if kind == USER_DEFINED else text
        model.pieces.add(piece=text, score=score, type=kind)
    model.trainer_spec.model_type = 2  # byte pair encoding
    model.trainer_spec.byte_fallback = True
    model.normalizer_spec.add_dummy_prefix = metadata.get(
        key("add_space_prefix"), True
    )
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    return sentencepiece.SentencePieceProcessor(
        model_proto=model.SerializeToString()
    )


class Reference:
    """Encodes by the definition alone, in quadratic time.

    Cut out special tokens; write spaces as U+2581; cut out user-defined pieces;
    merge the neighbors whose text together has the highest score, leftmost
    first; spell in bytes what is no piece.
    """

    def __init__(self, metadata):
        kinds = metadata[key("token_type")]
        rows = list(zip(metadata[key("tokens")], kinds))
        self.scores = metadata[key("scores")]
        self.prefix = metadata.get(key("add_space_prefix"), True)
        self.special = {t: i for i, (t, k) in enumerate(rows) if k in (UNKNOWN, CONTROL)}
        self.defined = {
            t.replace(" ", SPACE_MARK): i
            for i, (t, k) in enumerate(rows)
            if k == USER_DEFINED
        }
        self.pieces = {t: i for i, (t, k) in enumerate(rows) if k in (NORMAL, USER_DEFINED)}
        self.bytes = {int(t[3:5], 16): i for i, (t, k) in enumerate(rows) if k == BYTE}

    @staticmethod
    def cut(text, tokens):
        """Yields tokens, the longest at each place, and the text between."""
        longest = max(map(len, tokens), default=0)
        begin = at = 0
        while at < len(text):
            sizes = range(min(longest, len(text) - at), 0, -1)
            size = next((n for n in sizes if text[at : at + n] in tokens), 0)
            if not size:
                at += 1
                continue
            if begin < at:
                yield text[begin:at], None
            yield None, tokens[text[at : at + size]]
            begin = at = at + size
        if begin < len(text):
            yield text[begin:], None

    def merge(self, text):
        symbols = list(text)
        while True:
            pairs = [
                (-self.scores[self.pieces[a + b]], i)
                for i, (a, b) in enumerate(zip(symbols, symbols[1:]))
                if a + b in self.pieces
            ]
            if not pairs:
                return symbols
            _, i = min(pairs)
            symbols[i : i + 2] = [symbols[i] + symbols[i + 1]]

    def encode(self, text, parse_special):
        tokens = []
        for part, token in self.cut(text, self.special if parse_special else {}):
            if part is None:
                tokens.append(token)
                continue
            part = (" " if self.prefix else "") + part
            for piece, token in self.cut(part.replace(" ", SPACE_MARK), self.defined):
                if piece is None:
                    tokens.append(token)
                    continue
                for symbol in self.merge(piece):
                    if symbol in self.pieces:
                        tokens.append(self.pieces[symbol])
                    else:
                        tokens += [self.bytes[b] for b in symbol.encode()]
        return tokens
