import { KEY_AUTH, LIMIT, QUOTA } from "./plugins.ts";

/** One request of the scene. */
export interface Step {
  /** A consumer, or the words for somebody who is none. */
  readonly who: string;
  /** What `x-api-key` holds instead of the consumer's own key; null for no such header. */
  readonly key?: string | null;
  readonly request: Request;
}

/** A call of the model, or what the administrator asks of the balance of `consumer`. */
export type Request =
  | { readonly kind: "chat" }
  | { readonly kind: "query"; readonly consumer: string }
  | { readonly kind: "refresh" | "delta"; readonly consumer: string; readonly amount: number };

/** Requests one after the other, with the same plugins. */
export interface Act {
  readonly title: string;
  /** WasmPlugin manifests. */
  readonly plugins: readonly object[];
  readonly steps: readonly Step[];
}

const ADMIN = "aliyun-admin";
const USER1 = "aliyun-user1";
const USER2 = "aliyun-user2";

const chat = (who: string): Step => ({ who, request: { kind: "chat" } });
const query = (who: string, consumer: string): Step => ({ who, request: { kind: "query", consumer } });
const refresh = (consumer: string, amount: number): Step => ({
  who: ADMIN,
  request: { kind: "refresh", consumer, amount },
});
const delta = (consumer: string, amount: number): Step => ({
  who: ADMIN,
  request: { kind: "delta", consumer, amount },
});

/** The story, in the order of the tutorial; each act adds a plugin. */
export const ACTS: readonly Act[] = [
  {
    title: "key-auth: three consumers, each with a key",
    plugins: [KEY_AUTH],
    steps: [{ ...chat("no key"), key: null }, { ...chat("unknown key"), key: "xxxxxxxxxxxx" }, chat(USER1)],
  },
  {
    title: "+ ai-quota: no tokens but those that the administrator gives",
    plugins: [KEY_AUTH, QUOTA],
    steps: [
      chat(USER1),
      query(USER1, USER1),
      query(ADMIN, USER1),
      refresh(USER1, 100),
      ...Array.from({ length: 6 }, () => chat(USER1)),
      delta(USER1, 100),
      chat(USER1),
    ],
  },
  {
    title: "+ ai-token-ratelimit: 5 tokens a minute for each key",
    plugins: [KEY_AUTH, QUOTA, LIMIT],
    steps: [
      chat(USER1),
      chat(USER1),
      refresh(USER2, 100),
      chat(USER2),
      query(ADMIN, USER1),
      query(ADMIN, USER2),
    ],
  },
];
