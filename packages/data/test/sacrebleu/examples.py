"""
Writes examples.json beside it: what sacrebleu 2.6.0 says about fixed examples, for metrics.test.ts.

    python3 -m venv venv && venv/bin/pip install sacrebleu==2.6.0 && venv/bin/python examples.py
"""

import json
import pathlib

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

assert sacrebleu.__version__ == "2.6.0", sacrebleu.__version__

# Hypotheses, and for each its references.
CORPUS = (
    [
        "The dog bit the man.",
        "It wasn't surprising.",
        "The man had just bitten him.",
        "Two children play on the beach, near the water.",
    ],
    [
        ["The dog bit the man.", "The dog had bit the man."],
        ["It was not unexpected.", "No one was surprised."],
        ["The man bit him first.", "The man had bitten the dog."],
        ["Two kids are playing on the beach near the water.", "Two children play at the beach, close to the water."],
    ],
)
PUNCTUATION = (
    ["He paid $1,000.50 - \"a lot\" - on 2024-05-01.", "Really?! (Yes...) it's 3.5% &amp; rising; e.g. A/B.", "Room 3-4."],
    [
        ["He paid $1,000.55 - &quot;a lot&quot; - on 2024-05-02."],
        ["Really?! (Yes...) it's 3,5% & rising; i.e. A/B."],
        ["Room 3-5."],
    ],
)
UNICODE = (
    ["Der „alte“ Mann – 75 Jahre alt – läuft…", "L’eau coûte 2 € ½ litre.", "我喜欢听音乐。", "Ça va 👍🏽 ?"],
    [
        ["Der „junge“ Mann – 75 Jahre alt – rennt…"],
        ["L’eau coûte 3 € le ½ litre."],
        ["我喜欢音乐。"],
        ["Ça va bien 👍🏽 ?"],
    ],
)
SHORT = (["Yes sir", "No", "Good day to you"], [["Yes madam"], ["No"], ["Good day to all"]])
NOTHING = (["a b c d e", "f g h i"], [["v w x y z"], ["q r s t"]])
ONE_WORD = (["the cat x y z"], [["the dog a b c"]])
EMPTY = (["", "The dog sleeps on the sofa."], [["The cat sleeps."], ["The dog sleeps on a sofa."]])
ALL_EMPTY = (["", ""], [["The cat."], ["The dog."]])
EQUAL = (["The dog sleeps on the sofa."], [["The dog sleeps on the sofa."]])
CASE = (["the DOG sleeps on THE sofa ."], [["The dog sleeps on the sofa ."]])
VARIABLE = (CORPUS[0], [CORPUS[1][0], CORPUS[1][1][:1], CORPUS[1][2], CORPUS[1][3][:1]])
REPEATED = (["the the the the the the the"], [["The cat is on the mat.", "There is a cat on the mat, the cat."]])

EXAMPLES = [
    ("bleu", "a corpus with one reference", (CORPUS[0], [refs[:1] for refs in CORPUS[1]]), {}),
    ("bleu", "a corpus with two references", CORPUS, {}),
    ("bleu", "lower case", CASE, {"lowercase": True}),
    ("bleu", "mixed case", CASE, {}),
    ("bleu", "different numbers of references", VARIABLE, {}),
    ("bleu", "counts clipped", REPEATED, {"smoothing": "none", "maxOrder": 1}),
    ("bleu", "13a on ASCII punctuation and entities", PUNCTUATION, {}),
    ("bleu", "none on ASCII punctuation and entities", PUNCTUATION, {"tokenize": "none"}),
    ("bleu", "intl on ASCII punctuation and entities", PUNCTUATION, {"tokenize": "intl"}),
    ("bleu", "13a on Unicode punctuation", UNICODE, {}),
    ("bleu", "intl on Unicode punctuation", UNICODE, {"tokenize": "intl"}),
    ("bleu", "zh on Unicode punctuation", UNICODE, {"tokenize": "zh"}),
    ("bleu", "char on Unicode punctuation", UNICODE, {"tokenize": "char"}),
    ("bleu", "short sentences", SHORT, {}),
    ("bleu", "sentences without n-grams of the longest order", (SHORT[0][:2], SHORT[1][:2]), {}),
    ("bleu", "the same with effective order", (SHORT[0][:2], SHORT[1][:2]), {"effectiveOrder": True}),
    ("bleu", "no match at all", NOTHING, {}),
    ("bleu", "one match, exp", ONE_WORD, {}),
    ("bleu", "one match, floor", ONE_WORD, {"smoothing": "floor"}),
    ("bleu", "one match, floor of 0.5", ONE_WORD, {"smoothing": "floor", "smoothingValue": 0.5}),
    ("bleu", "one match, add-k", ONE_WORD, {"smoothing": "add-k"}),
    ("bleu", "one match, none", ONE_WORD, {"smoothing": "none"}),
    ("bleu", "add-k with effective order", (SHORT[0][:2], SHORT[1][:2]), {"smoothing": "add-k", "effectiveOrder": True}),
    ("bleu", "an empty hypothesis", EMPTY, {}),
    ("bleu", "nothing but empty hypotheses", ALL_EMPTY, {}),
    ("bleu", "equal texts", EQUAL, {}),
    ("bleu", "n-grams up to 2", CORPUS, {"maxOrder": 2}),
    ("chrF", "a corpus with one reference", (CORPUS[0], [refs[:1] for refs in CORPUS[1]]), {}),
    ("chrF", "a corpus with two references", CORPUS, {}),
    ("chrF", "chrF++", CORPUS, {"wordOrder": 2}),
    ("chrF", "chrF++ on ASCII punctuation", PUNCTUATION, {"wordOrder": 2}),
    ("chrF", "chrF++ on Unicode punctuation", UNICODE, {"wordOrder": 2}),
    ("chrF", "chrF++ in lower case, different numbers of references", VARIABLE, {"wordOrder": 2, "lowercase": True}),
    ("chrF", "with white space, beta 1, n-grams up to 4", CORPUS, {"whitespace": True, "beta": 1, "characterOrder": 4}),
    ("chrF", "with epsilon smoothing", SHORT, {"epsilonSmoothing": True, "wordOrder": 2}),
    ("chrF", "short sentences", SHORT, {}),
    ("chrF", "no match at all", NOTHING, {"wordOrder": 2}),
    ("chrF", "no match at all with epsilon smoothing", NOTHING, {"epsilonSmoothing": True}),
    ("chrF", "an empty hypothesis", EMPTY, {"wordOrder": 2}),
    ("chrF", "nothing but empty hypotheses", ALL_EMPTY, {}),
    ("chrF", "equal texts", EQUAL, {"wordOrder": 2}),
]
BLEU_OPTIONS = {
    "tokenize": "tokenize", "lowercase": "lowercase", "smoothing": "smooth_method",
    "smoothingValue": "smooth_value", "maxOrder": "max_ngram_order", "effectiveOrder": "effective_order",
}
CHRF_OPTIONS = {
    "characterOrder": "char_order", "wordOrder": "word_order", "beta": "beta",
    "lowercase": "lowercase", "whitespace": "whitespace", "epsilonSmoothing": "eps_smoothing",
}

rows = []
for kind, title, (hypotheses, references), options in EXAMPLES:
    names = BLEU_OPTIONS if kind == "bleu" else CHRF_OPTIONS
    metric = (BLEU if kind == "bleu" else CHRF)(**{names[name]: value for name, value in options.items()})
    # sacrebleu takes the first references of all sentences, then the second ones, and None where there is none.
    most = max(map(len, references))
    streams = [[refs[i] if i < len(refs) else None for refs in references] for i in range(most)]
    score = metric.corpus_score(hypotheses, streams)
    rows.append({
        "metric": kind, "title": title, "hypotheses": hypotheses, "references": references, "options": options,
        "score": score.score, "text": score.format(signature=str(metric.get_signature())),
    })

path = pathlib.Path(__file__).with_name("examples.json")
path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf8")
