import type { Attack } from "./attack.ts";

/** Conversations over WebSockets that cost too little. */
export const WEBSOCKETS_NOT_CHARGED: readonly Attack[] = [
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
    "The server says over a WebSocket what it says in one piece, and no event reports it.",
    "unit/usage/conversation.test.ts",
    "includes text that arrives only as a whole, in one event: response.%s",
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
];
