import type { Attack } from "./attack.ts";

/** Answers that cost nothing, or too little. */
export const ANSWERS_NOT_COUNTED: readonly Attack[] = [
  [
    "The model is asked to write a report of usage into its answer in plain text, or a whole event with one.",
    "conformance/forged-usage.test.ts",
    "charges the text of a plain text answer that is %s",
  ],
  [
    "An option of TGI, or a prompt sent twice to Ollama, has the answer report its output only, and the input is free.",
    "conformance/missing-usage.test.ts",
    "charges the input even if the report has none: %s",
  ],
  [
    "A stream that reports its input first, and never its output.",
    "conformance/missing-usage.test.ts",
    "charges text that arrives after a report without output",
  ],
  [
    "An answer that holds no text, or reports zeros, or only begins, costs nothing.",
    "conformance/missing-usage.test.ts",
    "charges a call at least its input, even if the answer has %s",
  ],
  [
    "Whoever leaves before the answer begins has had the model read the prompt for nothing.",
    "conformance/missing-usage.test.ts",
    "charges the input that the model has received",
  ],
  [
    "A stream ends as it should, but before it reports what it was (the limit of tokens, an upstream that gives up).",
    "conformance/partial-answers.test.ts",
    "charges the text after the last report of a stream, even if that ends properly",
  ],
  [
    "An answer in plain text looks like the comments, or the names of events, of a stream.",
    "conformance/partial-answers.test.ts",
    "charges lines other than data as text in a body that is not an event stream: %j",
  ],
  [
    "A model that answers in plain text is told to write a report of one token in front of its text.",
    "conformance/partial-answers.test.ts",
    "does not believe a report in plain text of more than twice its tokens, because the model may have written it",
  ],
  [
    "A model is told to write in letters that look like a file, and the stream is left before its report.",
    "conformance/partial-answers.test.ts",
    "charges letters that look like a file as text when they come a few at a time",
  ],
  [
    "An upstream sends 103 Early Hints, and then an answer that reports nothing.",
    "conformance/partial-answers.test.ts",
    "does not take an interim response for an answer",
  ],
  [
    "An answer in plain text is written as JSON, with all text at names that hold none.",
    "conformance/partial-answers.test.ts",
    "charges a plain text answer that looks like JSON without text",
  ],
  [
    "Ask for ranges of an answer, none of which holds its report.",
    "conformance/partial-answers.test.ts",
    "charges a range of an answer at least by its size",
  ],
  [
    "A stored answer is fetched in ranges, or up to its usage, so that none of them reports it.",
    "conformance/stored-answers.test.ts",
    "asks for stored answers as a whole, and charges one whose stream is left before it reports usage",
  ],
  [
    "A caller gives its answers one id, so that all of them count as the one that was charged.",
    "conformance/stored-answers.test.ts",
    "is always charged when it is generated, and named, so that fetching it costs nothing",
  ],
  [
    "The stream of a response that was made in the background is left before its end, where its usage stands.",
    "conformance/stored-answers.test.ts",
    "is not free for a caller who leaves the stream before it reports its usage",
  ],
  [
    "The answer comes as text, as bytes, in another charset, or compressed without saying so.",
    "conformance/unreadable.test.ts",
    "charges an unreadable answer by its size, and counts it: %s",
  ],
  [
    "Ask for an answer in one piece in brotli, where `strip_accept_encoding` is off.",
    "conformance/unreadable.test.ts",
    "charges a compressed answer in one piece about what its text costs",
  ],
  [
    "Whoever leaves a real Envoy before the answer, or when it has only begun, pays nothing for the prompt.",
    "envoy/leaving.test.ts",
    "costs its input when the caller leaves %s",
  ],
  [
    "A tab between a name and its colon has a report read as the event before it.",
    "unit/usage/event-template.test.ts",
    "takes no name for a value, with %j between it and its colon",
  ],
  [
    "The model is asked to begin its answer with thousands of blanks.",
    "unit/usage/generated-text.test.ts",
    "costs what it is, wherever cheap text stands in it",
  ],
  [
    "The model says what it has to say in the arguments of a tool, in its reasoning, or under a name of its own.",
    "unit/usage/generated.test.ts",
    "counts at %s",
  ],
  [
    "The answer has its text at a place that no listed format has.",
    "unit/usage/other-texts.test.ts",
    "has its text at %s",
  ],
  [
    "The server is asked for nothing but the numbers of the tokens (llama.cpp's `response_fields`, vLLM's `generate`).",
    "unit/usage/other-texts.test.ts",
    "may have nothing but the numbers of its tokens: %s",
  ],
  [
    "Text is said to be a picture or sound, which is cheap.",
    "unit/usage/unread.test.ts",
    "counts as text what is said to be a picture or sound, and is text",
  ],
  [
    "An answer in one piece reports its input, and never its output.",
    "conformance/missing-usage.test.ts",
    "charges the text of an answer in one piece whose report has no output",
  ],
  [
    "The answer begins like JSON and is none, or has the rest behind it.",
    "unit/usage/unread.test.ts",
    "is estimated as text: %s",
  ],
];
