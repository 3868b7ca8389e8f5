// A catalogue of the ways in which callers have tried to pay less, to be somebody else, to make somebody else pay, or to
// harm the gateway, each with the test that plays it. Read it from top to bottom; this test holds the references.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** The trick in one sentence, the file below tests/ that plays it, and the title of the test there. */
type Attack = readonly [trick: string, file: string, title: string];

const CALLERS_NOT_COUNTED: Attack[] = [
  [
    "Blanks around a URL parameter, each spelling of which has a counter of its own.",
    "unit/request/query.test.ts",
    "reads as URLSearchParams does, but for blanks at the ends, whatever the bytes",
  ],
  [
    "A client behind a trusted proxy that calls itself `unknown`, and is nobody.",
    "conformance/identity.test.ts",
    "takes the peer as the client if no trusted proxy names one",
  ],
  [
    "Blanks around an API key: a new counter for each number of them, or no exact key; the upstream trims them.",
    "conformance/identity.test.ts",
    "ignores blanks around a header's value",
  ],
  [
    "Blanks that only some languages trim: no-break spaces, in UTF-8 and in ISO 8859-1.",
    "unit/request/header.test.ts",
    "%j is %j",
  ],
  [
    "A cookie in the second `cookie` line of HTTP/1.1.",
    "conformance/identity.test.ts",
    "reads the cookies in all lines",
  ],
  [
    "Two lines of an address list that the proxy does not merge, so that the invented one is read alone.",
    "conformance/identity.test.ts",
    "reads the addresses in all lines as one list",
  ],
  [
    "Another key before the real one, in a header, parameter or cookie that is sent twice.",
    "conformance/identity.test.ts",
    "refuses a request with two values of %s (%s %s, %j)",
  ],
  [
    "A consumer of one's own, before the one that authentication adds.",
    "conformance/identity.test.ts",
    "takes the consumer that was added last",
  ],
  [
    "More header lines than the host tells, so that it tells none.",
    "conformance/identity.test.ts",
    "never lets a caller pass whose header list the host cuts, empties or garbles",
  ],
  [
    "`bearer k`, `Bearer  k`, a tab, Base64 in other words: one credential, many counters.",
    "unit/request/credentials.test.ts",
    "%j are %j",
  ],
  [
    '`Bearer Bearer k`, `Bearer "k"`, `Bearer k,`, or a second token beside the first: one credential, many counters.',
    "unit/request/credentials.test.ts",
    "%j are %j",
  ],
  [
    "A cookie with blanks beside its `=`, in quotes, percent-encoded, or behind a comma.",
    "unit/request/cookie.test.ts",
    "is found in all lines",
  ],
  [
    "A parameter behind a semicolon, a `#` or 64 KB, where some servers still see it.",
    "unit/request/query.test.ts",
    "is looked at to its end, however long it is",
  ],
  [
    "Long values that begin alike, or a shorter value that is spelt like the name of a long one.",
    "conformance/identity.test.ts",
    "distinguishes long values by hashes, in names of bounded length that no shorter value can have",
  ],
  [
    "The 2^64 addresses that one IPv6 customer has.",
    "conformance/identity.test.ts",
    "counts an IPv6 client by its prefix if so configured",
  ],
];

const CALLS_THAT_COST_TOO_LITTLE: Attack[] = [
  [
    "Tables of numbers, literals or empty lists in the arguments and schemas of tools, which hold no text.",
    "unit/usage/request-values.test.ts",
    "costs at least a token for each value: %s",
  ],
  [
    "A prompt in a WebSocket's binary message that is no JSON.",
    "unit/usage/conversation.test.ts",
    "includes binary messages that are text but not JSON, from either side",
  ],
  [
    "A prompt in a member called audio of an event that carries none.",
    "unit/usage/conversation.test.ts",
    "includes text in a member called audio of an event that does not carry audio: %s",
  ],
  [
    "A prompt that looks like a file in base64 costs next to nothing.",
    "unit/usage/request-files.test.ts",
    "charges a prompt of random letters as text",
  ],
  [
    "A stored answer is fetched in ranges, or up to its usage, so that none of them reports it.",
    "conformance/stored-answers.test.ts",
    "asks for stored answers as a whole, and charges one whose stream is left before it reports usage",
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
    "Whoever leaves a real Envoy before the answer, or when it has only begun, pays nothing for the prompt.",
    "envoy/leaving.test.ts",
    "costs its input when the caller leaves %s",
  ],
  [
    "The answer comes as text, as bytes, in another charset, or compressed without saying so.",
    "conformance/unreadable.test.ts",
    "charges an unreadable answer by its size, and counts it: %s",
  ],
  [
    "The model is asked to write a report of usage into its answer in plain text, or a whole event with one.",
    "conformance/forged-usage.test.ts",
    "charges the text of a plain text answer that is %s",
  ],
  [
    "The answer begins like JSON and is none, or has the rest behind it.",
    "unit/usage/unread.test.ts",
    "is estimated as text: %s",
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
    "The model says what it has to say in the arguments of a tool, in its reasoning, or under a name of its own.",
    "unit/usage/generated.test.ts",
    "counts at %s",
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
    "The answer has its text at a place that no listed format has.",
    "unit/usage/other-texts.test.ts",
    "has its text at %s",
  ],
  [
    "A prompt of base64, alone or behind a few words, at a place of text or in what a tool is said to have returned.",
    "unit/usage/text-places.test.ts",
    "is text at %s, of any length, and behind other text",
  ],
  [
    "A prompt that looks like a file in the schema of a tool, at names that are made up.",
    "unit/usage/text-places.test.ts",
    "is text at %s, of any length, and behind other text",
  ],
  [
    "A field of a form is compressed, or in UTF-32, and passes for a file.",
    "unit/usage/text-places.test.ts",
    "has files only in parts with a file's name",
  ],
  [
    "The server says over a WebSocket what it says in one piece, and no event reports it.",
    "unit/usage/conversation.test.ts",
    "includes text that arrives only as a whole, in one event: response.%s",
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
    "Ask for an answer in one piece in brotli, where `strip_accept_encoding` is off.",
    "conformance/unreadable.test.ts",
    "charges a compressed answer in one piece about what its text costs",
  ],
  [
    "A free endpoint behind a version that is not the first, or behind the name of a call.",
    "unit/request/free-endpoints.test.ts",
    "is not: %s",
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
    "A path that looks like a free endpoint, and is a call of a model to the upstream.",
    "unit/request/free-endpoints.test.ts",
    "is not: %s",
  ],
  [
    "A GET that is a POST to the upstream, by a header, a parameter, a body or an upgrade.",
    "unit/request/free-endpoints.test.ts",
    "is not when it has %s: %s %s",
  ],
  [
    "Talk over a WebSocket, whose messages nobody counts",
    "conformance/websocket.test.ts",
    "charges each response when it is reported, with its own marker, and nothing at the end",
  ],
  [
    "Ask the server to deflate its messages, so that they cannot be read",
    "conformance/websocket.test.ts",
    "passes messages unchanged, and does not ask for extensions",
  ],
  [
    "Send a long prompt over a WebSocket and leave before the answer",
    "conformance/websocket.test.ts",
    "charges what was not reported when the connection ends: %s",
  ],
  [
    "Send the prompt before the server has agreed to the upgrade",
    "conformance/websocket.test.ts",
    "charges what a client sends before the server has agreed",
  ],
  [
    "Send a short prompt and a long one, and leave after the short answer",
    "unit/usage/conversation.test.ts",
    "includes a long message sent right after a short one whose answer has been reported",
  ],
  [
    "Have a prompt pass for audio, an id or a type of event",
    "unit/usage/conversation.test.ts",
    "is not lower for a prompt that poses as audio, an id or a type",
  ],
  [
    "Send a prompt in binary messages, or in fragments",
    "unit/usage/conversation.test.ts",
    "is the same for binary messages, and wherever the bytes are cut",
  ],
  [
    "Go on talking over a WebSocket that was opened below the limit",
    "conformance/websocket-limit.test.ts",
    "cannot start another response: its message becomes a ping, and the answer to that becomes the close",
  ],
  [
    "Open many WebSockets below the limit, and have one answer over each when it is reached",
    "conformance/websocket-limit.test.ts",
    "is found by a check with its first message if others have used up the limit",
  ],
  [
    "Leave the close frame unanswered, so that the model goes on",
    "conformance/websocket-limit.test.ts",
    "is charged for what the server still reports, and cut off",
  ],
  [
    "Keep a connection open for days over which nothing is ever reported",
    "conformance/websocket.test.ts",
    "charges a large estimate before it is reported, and sets it off against later reports",
  ],
  [
    "Claim to ask for an upgrade in a request that is none",
    "conformance/websocket.test.ts",
    "lets the response decide: a request that only asks for an upgrade gets a normal response read",
  ],
  [
    "Upgrade to a protocol that cannot be read",
    "conformance/websocket.test.ts",
    "charges deflated messages, and protocols other than WebSocket, by size",
  ],
  [
    "A tab between a name and its colon has a report read as the event before it.",
    "unit/usage/event-template.test.ts",
    "takes no name for a value, with %j between it and its colon",
  ],
  [
    "A body is written so that one reader of JSON takes it and another does not: nested, marked, in UTF-16, with comments, compressed.",
    "unit/usage/request-syntax.test.ts",
    "a body that not every reader of JSON takes is read, or counts by its size",
  ],
  [
    "A prompt without blanks, or encoded, passes for a picture, which is cheap.",
    "unit/usage/request-files.test.ts",
    "text is not taken for a file",
  ],
  [
    "The letters of a picture stand in front of a prompt, or behind it.",
    "unit/usage/request-files.test.ts",
    "%i letters of a file in front of it, or behind it",
  ],
  [
    "Thousands of blanks, dots or line ends stand where the text is looked at.",
    "unit/usage/request-fillers.test.ts",
    "cheap text does not make the other cheap",
  ],
  [
    "The prompt stands in the names of a tool's parameters.",
    "unit/usage/request-values.test.ts",
    "counts in names",
  ],
  [
    "The prompt is a list of the numbers of its tokens.",
    "unit/usage/request-values.test.ts",
    "counts as numbers of tokens",
  ],
  [
    "The model is asked to begin its answer with thousands of blanks.",
    "unit/usage/generated-text.test.ts",
    "costs what it is, wherever cheap text stands in it",
  ],
  [
    "Trailers after a body, which hosts then do not let a filter rewrite, so that a cap is granted but never written.",
    "conformance/clamp.test.ts",
    "cannot lower the caps of a body that ends with trailers, so what it states must fit",
  ],
  [
    "A header about an encoding, an upgrade or another method, which the server ignores, so that its call is not limited.",
    "conformance/clamp-hostile.test.ts",
    "limits a body that %s: servers may ignore that",
  ],
  [
    "A body that lenient servers read and the filter does not: something behind it, UTF-16, comments, too many caps.",
    "conformance/clamp-hostile.test.ts",
    "has no room for a body that %s",
  ],
  [
    "A path that some servers take for embeddings, which have no output, and the one behind the gateway for a call.",
    "conformance/clamp-hostile.test.ts",
    "has no room for a call of %s, which servers read differently",
  ],
  [
    "Many calls at once whose output nothing limits: with forged signatures, in long or compressed bodies, with trailers.",
    "conformance/clamp-hostile.test.ts",
    "lets no other call pass beside a body that is %s",
  ],
  [
    "`max_tokens: 0` or `num_predict: 0`, which reserve nothing, and mean no limit to some servers.",
    "unit/request/output-caps.test.ts",
    "makes all caps count as none, and is overwritten: %s, %s: %s",
  ],
  [
    "`max_completion_tokens` alone for a model whose server does not know it, as Ollama's does not.",
    "unit/request/output-caps.test.ts",
    "counts as none, but as a wish: %s, %s: %s",
  ],
  [
    "A larger cap in `extra_body`, which proxies copy over the smaller one.",
    "unit/request/output-caps.test.ts",
    "states the largest of its caps, wherever they stand",
  ],
  [
    "Alternatives and weights that leave a cap of less than one token, which is written as 0.",
    "conformance/clamp-hostile.test.ts",
    "never writes a cap of 0, which may mean none: %j with %j",
  ],
  [
    "A body that the host does not show any more when its cap has to be written, so that it passes as it is.",
    "conformance/clamp-hostile.test.ts",
    "rejects a call whose body is %s when its cap has to be written, and gives back what it reserved",
  ],
];

const CHARGES_MADE_TWICE_OR_LOST: Attack[] = [
  [
    "a Redis that stands still for a minute right after it made a charge, or a timeout so long that the marker is gone",
    "conformance/exactly-once.test.ts",
    "makes a charge once if every reply but the last is lost, with a timeout of %i ms",
  ],
  [
    "more calls during an outage than can wait, so that the rest are free",
    "conformance/outage.test.ts",
    "loses nothing of 100,000 calls of 1,000 callers while commands are %s",
  ],
  [
    "Fetching a stored response again is charged each time.",
    "conformance/stored-answers.test.ts",
    "is charged when it is fetched, under the same name each time, which only its callers share",
  ],
  [
    "Fetching a response that was charged over a WebSocket is charged again.",
    "conformance/websocket-answers.test.ts",
    "charges a response over a WebSocket under the name that fetching it would use",
  ],
  [
    "Fetching the results of a batch again is charged each time.",
    "conformance/partial-answers.test.ts",
    "charges the results of a batch once, however often they are fetched",
  ],
  [
    "a value with a brace, so that no marker can stand beside its counter and one broken connection loses its charge",
    "conformance/charge.test.ts",
    "repeats the charge for a value with a brace, which has a marker like any other",
  ],
  [
    "values of 4 KB, each of which Redis keeps once more in the name of a marker",
    "conformance/charge.test.ts",
    "does not repeat a caller's values in the name of a marker",
  ],
  [
    "a charge that is carried out when its marker is gone, because it was under way for so long",
    "lua/scripts.test.ts",
    "is never gone before the charge is refused",
  ],
  [
    "Bodies, trailers, replies and answers in an order in which a hold is never settled, or settled twice.",
    "conformance/held-hostile.test.ts",
    "settles each hold once, whatever comes in whatever order",
  ],
];

const BALANCES_NOT_SPENT: Attack[] = [
  [
    "A path behind which a line end, a blank or a NUL stands, which some servers take for a path that is checked.",
    "conformance/quota-paths.test.ts",
    "checks a call to %s when endings are listed",
  ],
  [
    "A path with `..` behind an empty segment, an encoded slash or an encoded `..`, of which servers remove different segments.",
    "conformance/quota-paths.test.ts",
    "checks a call to %s when endings are listed",
  ],
  [
    "An encoded `?` in front of a real `#`, or a slash within a parameter, which some servers drop and others do not.",
    "conformance/quota-paths.test.ts",
    "checks each call that one of many servers takes for a listed path",
  ],
  [
    "A body that ends with trailers, so that its end is not noticed and the call passes unchecked.",
    "conformance/quota-calls.test.ts",
    "asks before it lets a call pass whose body is held and ends with trailers",
  ],
  [
    "Batches without a balance, whose results are never fetched, so that nobody pays for them.",
    "conformance/quota-calls.test.ts",
    "lets nobody create a batch at %s without a balance, and charges nothing for creating one",
  ],
];

const ACCOUNTS_OF_OTHERS: Attack[] = [
  [
    "Another's name in a query for one's own balance: twice, encoded, behind a semicolon or a `#`, in another case.",
    "conformance/quota-neighbours.test.ts",
    "tells a consumer who asks for …/quota%s no balance but its own",
  ],
  [
    "The administrator's name in front of one's own, in one line with it, or with a blank that looks like none.",
    "conformance/quota-neighbours.test.ts",
    "takes the consumer %j for the last one, who is the administrator only with that exact name",
  ],
  [
    "A name with line ends, NUL or braces, which is a command to Redis or leads to another's key.",
    "conformance/quota-neighbours.test.ts",
    "keeps the balance of %j at a key of its own",
  ],
  [
    "A link whose query has the administrator's form set another balance, or another amount.",
    "conformance/quota-neighbours.test.ts",
    "…/refresh%s with the form %j sets no balance but that of the form",
  ],
  [
    "An error of Redis, with its addresses, in the answer to a consumer who asks for its own balance.",
    "conformance/quota-neighbours.test.ts",
    "does not tell a consumer what Redis says when it reads its own balance",
  ],
  [
    "A request that follows an administrator's who has left in the middle of a form, and gets what is left of its rights.",
    "conformance/quota-neighbours.test.ts",
    "treats each request as if it were alone, in whatever order many go on",
  ],
];

const HARM_TO_THE_GATEWAY: Attack[] = [
  [
    "Thousands of requests with a value of 60 KB wait at the same time.",
    "conformance/open-streams.test.ts",
    "holds less than 32 MiB for 1,800 requests with a value of 60 KB that wait for their counters",
  ],
  [
    "A path of 60 KB, decoded again for each of many endings: a second of work for each request.",
    "conformance/quota-paths.test.ts",
    "reads a long path once, however many endings are listed",
  ],
  [
    "A body of 64 MiB comes in one chunk.",
    "conformance/open-streams.test.ts",
    "does not hold a chunk of 64 MiB, of a request or a response",
  ],
  [
    "Dots, encoded dots and slashes, backslashes or another target form lead out of the upstream's base path.",
    "gateway/target.test.ts",
    "stays below the base, whichever server decodes it",
  ],
  [
    "A stream that never ends keeps the local gateway from ending.",
    "gateway/cli.test.ts",
    "comes when the grace is over, though a stream has not ended, and what it used is charged",
  ],
  [
    "Send what is no frame over a WebSocket, so that the filter breaks down for everybody",
    "conformance/websocket-hostile.test.ts",
    "does not trap on bytes from either side or on failing host calls, and serves the next connection",
  ],
  [
    "A long path, or many cookies, against a configuration of thousands of parameters: each asked for in all of it.",
    "conformance/identity.test.ts",
    "parses a path, or a cookie header, only once for 5,000 items with different names",
  ],
  [
    "Values of 50 KB that the filter keeps for each of many questions.",
    "conformance/identity.test.ts",
    "keeps nothing of a request, and no memory for each item",
  ],
  [
    "Consumers of 50 KB fill the statistics, which Envoy never forgets.",
    "envoy/statistics.test.ts",
    "hold no consumer of 50 KB",
  ],
  [
    "Many routes, clusters and consumers of the longest names that are shown fill the filter's memory.",
    "conformance/memory.test.ts",
    "is bounded in bytes whatever the parts of rejection counters are, and however long",
  ],
  [
    "A value of 60 KB is searched for patterns that take long on it.",
    "conformance/values.test.ts",
    "takes no longer for a value of 60 KB than for one of 4 KB",
  ],
  [
    "What a pattern would match stands behind so much else that it is not looked at.",
    "unit/rules/value-keys.test.ts",
    "apply, the first that might, when none of them matches there",
  ],
  [
    "So many counters in one request, or so long ones, that Redis cannot be asked about them, and the request passes.",
    "conformance/many-counters.test.ts",
    "refuses a request for %s before Redis is asked",
  ],
  [
    "A consumer called `ann.metric` has its rejections labelled as Ann's.",
    "conformance/check.test.ts",
    "counts a consumer by its name, or as other where that would mislead: %s",
  ],
  [
    "Long bodies whose cap has to be lowered, each of which leaves copies of itself in the filter's memory until that is full.",
    "conformance/held-hostile.test.ts",
    "takes no more memory for many long bodies than for one: four times the longest",
  ],
  [
    "A thousand bodies that are held and never end.",
    "conformance/held-hostile.test.ts",
    "takes a few KiB for each body that is held, however long that is",
  ],
];

const REDIS_IN_THE_CLOUD: Attack[] = [
  [
    "a proxy in front of Redis that refuses scripts whose keys it cannot read, so that every request passes",
    "lua/proxy.test.ts",
    "finds every key of the scripts for %i counters spelled out",
  ],
  [
    "a value that leads the marker of its charge to another slot than its counter",
    "unit/ledger/marker.test.ts",
    "stands in the slot of its counter in a Redis Cluster, whatever the counter is called",
  ],
];

const USAGE_OF_OTHERS: Attack[] = [
  [
    "Another caller's name beside one's own, in the query or a header that no rule looks at, or before it in the same one.",
    "conformance/usage-path.test.ts",
    "repeats nothing that identifies the caller, and takes nobody for somebody else",
  ],
  [
    "A question that is given up, so that its answer goes to the next request of the same ticket.",
    "conformance/usage-path-order.test.ts",
    "answers nobody any more who has left",
  ],
  [
    "A call whose path only looks like that for usage, so that it is answered, or one for usage that reaches the upstream.",
    "conformance/usage-path.test.ts",
    "leaves %s to the upstream",
  ],
];

const LIMITS_THAT_LIMIT_NOBODY: Attack[] = [
  [
    "Clients send their key in another header than the rule looks at, and nobody notices.",
    "conformance/unmatched.test.ts",
    "counts a request without a value for any rule, and logs once which credentials it has instead",
  ],
  [
    "A caller that leaves its key out is limited by no rule, although one insists on it.",
    "conformance/unmatched.test.ts",
    "refuses a request with the headers %j when a rule requires x-api-key",
  ],
  [
    "A browser's preflight is rejected when the limit is reached, and its user sees an error of CORS.",
    "conformance/free-calls.test.ts",
    "neither checks nor charges calls that consume nothing: %s %s",
  ],
  [
    "Two rules count in one Redis service with different databases, and silently share the last one.",
    "conformance/overrides.test.ts",
    "refuses two rules with different settings for one Redis service, which the host cannot have",
  ],
  [
    "A password in the wrong field of the configuration is repeated in the log.",
    "unit/config/secrets.test.ts",
    "never repeat a string in place of %s",
  ],
];

describe.each([
  ["callers who are not counted, or counted as somebody else", CALLERS_NOT_COUNTED],
  ["calls that cost nothing, or too little", CALLS_THAT_COST_TOO_LITTLE],
  ["charges that are made twice, or lost", CHARGES_MADE_TWICE_OR_LOST],
  ["balances that are not spent", BALANCES_NOT_SPENT],
  ["accounts of others", ACCOUNTS_OF_OTHERS],
  ["harm to the gateway", HARM_TO_THE_GATEWAY],
  ["Redis in the cloud", REDIS_IN_THE_CLOUD],
  ["what others have used", USAGE_OF_OTHERS],
  ["limits that limit nobody", LIMITS_THAT_LIMIT_NOBODY],
])("%s", (_group, attacks) => {
  it("names a test for each attack", () => {
    const missing = attacks.filter(([, file, title]) => !titlesIn(file).includes(title));
    expect(missing).toEqual([]);
  });
});

/** The text of a test file, in which its titles stand. */
function titlesIn(file: string): string {
  return readFileSync(resolve(import.meta.dirname, file), "utf8");
}
