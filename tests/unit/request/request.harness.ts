import "../../../assembly/abi/abort";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { clientAddress, untrustedAddress } from "../../../assembly/request/client-address";
import { HeaderList, HeaderReader, HttpSource } from "../../../assembly/request/header-facts";
import { HttpFacts } from "../../../assembly/request/http-facts";
import { Cidr, parseCidr } from "../../../assembly/net/cidr";
import { CidrTable } from "../../../assembly/net/cidr-table";
import { addressText } from "../../../assembly/net/address-text";
import { Ambiguity } from "../../../assembly/rules/facts";
import { Lines, Questions } from "../../../assembly/rules/questions";

const ABSENT = bytesOf("(absent)");
const AMBIGUOUS = bytesOf("(ambiguous)");

function shown(value: Bytes | null): Bytes {
  return value === null ? ABSENT : value;
}

/** What is shown for an answer. */
function answer(value: Bytes | null, facts: HttpFacts): Bytes {
  if (facts.ambiguity == Ambiguity.None) return shown(value);
  assert(value === null);
  return AMBIGUOUS;
}

/** The value of a parameter, "(absent)" or "(ambiguous)". */
export function param(path: ArrayBuffer, name: string): ArrayBuffer {
  const questions = new Questions();
  const question = questions.param(bytesOf(name));
  const facts = factsOf([bytesOf(":path"), path], questions);
  return answer(facts.param(question), facts);
}

/** The value of a cookie in header lines, "(absent)" or "(ambiguous)". */
export function cookie(lines: ArrayBuffer[], name: string): ArrayBuffer {
  const questions = new Questions();
  const question = questions.cookie(bytesOf(name));
  const fields: Bytes[] = [];
  for (let i = 0; i < lines.length; ++i) {
    fields.push(bytesOf("cookie"));
    fields.push(lines[i]);
  }
  const facts = factsOf(fields, questions);
  return answer(facts.cookie(question), facts);
}

/** The value of a header in lines, "(absent)" or "(ambiguous)"; `last` reads it as that of a consumer. */
export function header(name: string, lines: ArrayBuffer[], last: bool): ArrayBuffer {
  const questions = new Questions();
  const question = questions.header(bytesOf(name), last ? Lines.Last : Lines.Same);
  const fields: Bytes[] = [];
  for (let i = 0; i < lines.length; ++i) {
    fields.push(bytesOf(name.toLowerCase()));
    fields.push(lines[i]);
  }
  const facts = factsOf(fields, questions);
  return answer(facts.header(question), facts);
}

/** What `name` is called by in the counter of a client at an address, with an IPv6 prefix of so many bits. */
export function client(value: ArrayBuffer, prefix: i32): ArrayBuffer {
  const found = clientAddress(value);
  return found === null ? ABSENT : addressText(found, prefix);
}

/** The canonical text of the address at the front of a header, or "(absent)". */
export function address(value: ArrayBuffer): ArrayBuffer {
  const found = clientAddress(value);
  return found === null ? ABSENT : found.text();
}

/** The canonical text of the last address of a list that is not in one of the trusted blocks, or "(absent)". */
export function untrusted(value: ArrayBuffer, trusted: string[]): ArrayBuffer {
  const blocks: Cidr[] = [];
  for (let i = 0; i < trusted.length; ++i) {
    const block = parseCidr(bytesOf(trusted[i]));
    if (block !== null) blocks.push(block);
  }
  const found = untrustedAddress(value, new CidrTable(blocks));
  return found === null ? ABSENT : found.text();
}

/** A request of header lines, `[name, value, ...]`, which notes what was read. Names of properties begin with "property ". */
class FakeSource implements HttpSource {
  reads: string[] = [];
  list: HeaderList = HeaderList.Complete;

  constructor(private fields: Bytes[]) {}

  header(name: Bytes): Bytes | null {
    return this.read(String.UTF8.decode(name));
  }

  headers(reader: HeaderReader): HeaderList {
    this.reads.push("all lines");
    for (let i = 0; i + 1 < this.fields.length; i += 2) {
      const name = this.fields[i].slice(0);
      const value = this.fields[i + 1].slice(0);
      reader.line(changetype<usize>(name), name.byteLength, changetype<usize>(value), value.byteLength);
      kept.push(name);
      kept.push(value);
    }
    reader.endOfLines();
    for (let i = 0; i < kept.length; ++i) memory.fill(changetype<usize>(kept[i]), 0x21, kept[i].byteLength);
    kept = [];
    return this.list;
  }

  property(path: Bytes): Bytes | null {
    return this.read("property " + String.UTF8.decode(path).replaceAll("\0", "."));
  }

  private read(name: string): Bytes | null {
    this.reads.push(name);
    for (let i = 0; i + 1 < this.fields.length; i += 2) {
      if (String.UTF8.decode(this.fields[i]).toLowerCase() == name) return this.fields[i + 1].slice(0);
    }
    return null;
  }
}

/** The lines that a reader is looking at. */
let kept: Bytes[] = [];

function factsOf(fields: Bytes[], questions: Questions): HttpFacts {
  const facts = new HttpFacts(new FakeSource(fields));
  facts.begin(questions);
  return facts;
}

/**
 * Asks the facts of a request given as [name, value, ...] a list of questions such as "param k", "consumer", "address"
 * (remote) or "address x-real-ip"; returns the answers, then what was read from the host.
 * @param list what the host says of its list of lines
 */
export function ask(request: string[], questions: string[], list: i32): string[] {
  const fields = request.map<Bytes>((text) => bytesOf(text));
  const source = new FakeSource(fields);
  source.list = <HeaderList>list;
  const asked = new Questions();
  const numbers = new StaticArray<i32>(questions.length);
  for (let i = 0; i < questions.length; ++i) numbers[i] = numberOf(questions[i], asked);
  const facts = new HttpFacts(source);
  facts.begin(asked);
  const answers: string[] = [];
  for (let i = 0; i < questions.length; ++i) {
    const kind = questions[i].split(" ")[0];
    facts.ambiguity = Ambiguity.None;
    let found: Bytes | null = null;
    if (kind == "address") {
      const address = facts.address(numbers[i]);
      if (address !== null) found = address.text();
    } else if (kind == "param") {
      found = facts.param(numbers[i]);
    } else if (kind == "cookie") {
      found = facts.cookie(numbers[i]);
    } else {
      found = facts.header(numbers[i]);
    }
    answers.push(String.UTF8.decode(answer(found, facts)));
  }
  return answers.concat(source.reads);
}

function numberOf(question: string, asked: Questions): i32 {
  const words = question.split(" ");
  const name = bytesOf(words.length > 1 ? words[1] : "x-mse-consumer");
  if (words[0] == "param") return asked.param(name);
  if (words[0] == "cookie") return asked.cookie(name);
  if (words[0] == "consumer") return asked.header(name, Lines.Last);
  if (words[0] == "header") return asked.header(name, Lines.Same);
  return asked.address(words.length > 1 ? name : null, null, bytesOf(question));
}
