import { HeaderPairs } from "../../abi/headers";
import { sendLocalResponse } from "../../abi/stream-control";
import { ByteBuilder } from "../../bytes/builder";
import { addressOf, Bytes, bytesOf } from "../../bytes/bytes";
import { appendEscapedForHtml } from "../../json/escape";
import { BalanceVerb } from "../../ledger/balance-change";

/* The answers of the filter itself, except that to a spent balance: texts, status codes and details as published. */

const CONTENT_TYPE = bytesOf("content-type");
const TEXT = bytesOf("text/plain");
const JSON_TYPE = bytesOf("application/json");
/** The balance after a change. The published answers to changes do not include it. */
const BALANCE = bytesOf("x-quota-balance");

const NO_KEY = bytesOf("ai-quota.no_key");
const UNAUTHORIZED = bytesOf("ai-quota.unauthorized");
const ERROR = bytesOf("ai-quota.error");

const WHO = denied("No Key Authentication information found.");
const NOBODY = denied("Unauthorized consumer.");
const NOT_ADMIN = denied("Unauthorized admin consumer.");
const NO_CONSUMER = denied("consumer can't be empty.");
const BAD_REFRESH = denied("consumer can't be empty and quota must be integer.");
const BAD_DELTA = denied("consumer can't be empty and value must be integer.");

const QUERIED = bytesOf("ai-quota.queryquota");
const REFRESHED = bytesOf("ai-quota.refreshquota");
const CHANGED = bytesOf("ai-quota.deltaquota");
const REFRESHED_TEXT = bytesOf("refresh quota successful");
const CHANGED_TEXT = bytesOf("delta quota successful");

const headers = new HeaderPairs();
const body = new ByteBuilder(128, 1 << 16);

/** Answers a request that does not say who sends it. */
export function answerNoKey(): void {
  send(401, NO_KEY, WHO);
}

/** Answers a request whose consumer is empty. */
export function answerNobody(): void {
  send(403, UNAUTHORIZED, NOBODY);
}

/** Answers somebody who is not the administrator. */
export function answerNotAdmin(): void {
  send(403, UNAUTHORIZED, NOT_ADMIN);
}

/** Answers an administrator whose request lacks a consumer or a valid amount. */
export function answerBadRequest(verb: BalanceVerb): void {
  send(
    403,
    UNAUTHORIZED,
    verb == BalanceVerb.Get ? NO_CONSUMER : verb == BalanceVerb.Set ? BAD_REFRESH : BAD_DELTA,
  );
}

/** Answers with a balance, or that it has been changed. */
export function answerBalance(verb: BalanceVerb, consumer: Bytes, balance: i64): void {
  headers.clear();
  if (verb == BalanceVerb.Get) {
    body.clear();
    body.text('{"consumer":"');
    appendEscapedForHtml(body, addressOf(consumer), consumer.byteLength);
    body.text('","quota":').decimal(balance).text("}");
    headers.add(CONTENT_TYPE, JSON_TYPE);
    sendLocalResponse(200, QUERIED, body.toBytes(), headers);
    return;
  }
  const isSet = verb == BalanceVerb.Set;
  headers.add(CONTENT_TYPE, TEXT).addNumber(BALANCE, balance);
  sendLocalResponse(200, isSet ? REFRESHED : CHANGED, isSet ? REFRESHED_TEXT : CHANGED_TEXT, headers);
}

/**
 * Answers that Redis has failed.
 * @param reason the error from Redis, or what has happened to the command; null to withhold it from the caller
 */
export function answerError(reason: Bytes | null): void {
  body.clear();
  body.text("redis error");
  if (reason !== null) body.text(":").bytes(reason);
  send(503, ERROR, body.toBytes());
}

function send(status: i32, details: Bytes, text: Bytes): void {
  headers.clear();
  headers.add(CONTENT_TYPE, TEXT);
  sendLocalResponse(status, details, text, headers);
}

function denied(why: string): Bytes {
  return bytesOf(`Request denied by ai quota check. ${why}`);
}
