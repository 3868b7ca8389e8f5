import { NUL } from "../../bytes/ascii";
import { ByteBuilder } from "../../bytes/builder";
import { Bytes, bytesOf, EMPTY, equals, slice, startsWith } from "../../bytes/bytes";
import { Fields } from "../../config/fields";
import { Path } from "../../config/path";
import { found, textOfScalar } from "../../config/scalar";
import { CidrTable } from "../../net/cidr-table";
import { Cidr, parseCidr } from "../../net/cidr";
import { CONSUMER_HEADER } from "../../request/http-facts";
import { isOfModel, LimitBy } from "../../rules/limit-by";
import { Lines, Questions } from "../../rules/questions";
import { NO_BLOCK } from "./config-limit-keys";

export const TRUSTED_PROXIES = "trusted_proxies";
const API_KEY = bytesOf("api_key");
const MODEL = bytesOf("model");
const FROM_REMOTE_ADDR = bytesOf("from-remote-addr");
const FROM_HEADER_PREFIX = bytesOf("from-header-");

/** The name of what a kind looks at, for kinds whose field does not hold one; null for the others. */
export function fixedNameOf(by: LimitBy): Bytes | null {
  if (by == LimitBy.Consumer || by == LimitBy.PerConsumer) return CONSUMER_HEADER;
  if (isOfModel(by)) return MODEL;
  return by == LimitBy.ApiKey || by == LimitBy.PerApiKey ? API_KEY : null;
}

/** Asks the questions of rules about requests. */
@final
export class SubjectReader {
  readonly questions: Questions = new Questions();

  /** @param modelHeader the header that a filter in front sets to the model; empty if there is none */
  constructor(private readonly modelHeader: Bytes) {}

  /** The number of the question that a kind asks. */
  questionOf(by: LimitBy, name: Bytes): i32 {
    switch (by) {
      case LimitBy.Param:
      case LimitBy.PerParam:
        return this.questions.param(name);
      case LimitBy.Cookie:
      case LimitBy.PerCookie:
        return this.questions.cookie(name);
      case LimitBy.ApiKey:
      case LimitBy.PerApiKey:
        this.questions.apiKey();
        return -1;
      case LimitBy.Model:
      case LimitBy.PerModel:
        this.questions.model(this.modelHeader);
        return -1;
      case LimitBy.Consumer:
      case LimitBy.PerConsumer:
        // Authentication filters of Higress add their line after those that the client sent.
        return this.questions.header(name, Lines.Last);
      default:
        return this.questions.header(name, Lines.Same);
    }
  }

  /** The number of the address that `text` names. */
  readSource(text: Bytes, fields: Fields, path: Path): i32 {
    const trusted = this.readTrustedProxies(fields);
    if (equals(text, FROM_REMOTE_ADDR)) {
      if (trusted !== null) {
        fields.problems.warning(fields.at(TRUSTED_PROXIES), "does nothing with from-remote-addr");
      }
      return this.questions.address(null, null, text);
    }
    const header = startsWith(text, FROM_HEADER_PREFIX)
      ? slice(text, FROM_HEADER_PREFIX.byteLength, text.byteLength)
      : EMPTY;
    if (header.byteLength == 0) {
      fields.problems.error(path, "must be from-remote-addr or from-header-<name of a header>");
    }
    const proxies = fields.get(TRUSTED_PROXIES);
    const description = new ByteBuilder(64).bytes(text).byte(NUL);
    if (trusted !== null && proxies !== null) description.bytes(proxies.raw);
    return this.questions.address(header, trusted, description.toBytes());
  }

  /** `trusted_proxies`, or null if there are none. */
  private readTrustedProxies(fields: Fields): CidrTable | null {
    const list = fields.list(TRUSTED_PROXIES);
    const blocks: Cidr[] = [];
    for (let i = 0; i < list.length; ++i) {
      const text = textOfScalar(list[i]);
      let block: Cidr | null = null;
      if (text !== null) block = parseCidr(text);
      if (block !== null) blocks.push(block);
      else fields.problems.error(fields.at(TRUSTED_PROXIES).item(i), NO_BLOCK + found(list[i]));
    }
    return list.length > 0 ? new CidrTable(blocks) : null;
  }
}
