import "../../../assembly/abi/abort";
import { Bytes, bytesOf } from "../../../assembly/bytes/bytes";
import { clientAddress, untrustedAddress } from "../../../assembly/request/client-address";
import { cookieValue } from "../../../assembly/request/cookie";
import { HttpFacts, HttpSource } from "../../../assembly/request/http-facts";
import { queryParam } from "../../../assembly/request/query";
import { Cidr, parseCidr } from "../../../assembly/rules/cidr";
import { CidrTable } from "../../../assembly/rules/cidr-table";
import { AddressSource } from "../../../assembly/rules/facts";

const ABSENT = bytesOf("(absent)");

function shown(value: Bytes | null): Bytes {
  return value === null ? ABSENT : value;
}

/** The value of a parameter, or "(absent)". */
export function param(path: ArrayBuffer, name: string): ArrayBuffer {
  return shown(queryParam(path, bytesOf(name)));
}

/** The value of a cookie, or "(absent)". */
export function cookie(header: ArrayBuffer, name: string): ArrayBuffer {
  return shown(cookieValue(header, bytesOf(name)));
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

/** A request of headers and properties, which notes what was read. */
class FakeSource implements HttpSource {
  reads: string[] = [];

  constructor(private fields: Map<string, string>) {}

  header(name: Bytes): Bytes | null {
    return this.read(String.UTF8.decode(name));
  }

  property(path: Bytes): Bytes | null {
    return this.read("property " + String.UTF8.decode(path).replaceAll("\0", "."));
  }

  private read(name: string): Bytes | null {
    this.reads.push(name);
    return this.fields.has(name) ? bytesOf(this.fields.get(name)) : null;
  }
}

/**
 * Asks the facts of a request given as [name, value, ...] a list of questions such as "param k", "address" (remote)
 * or "address x-real-ip"; returns the answers, then what was read from the host.
 */
export function ask(request: string[], questions: string[]): string[] {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < request.length; i += 2) fields.set(request[i], request[i + 1]);
  const source = new FakeSource(fields);
  const facts = new HttpFacts(source);
  const answers: string[] = [];
  for (let i = 0; i < questions.length; ++i) {
    const words = questions[i].split(" ");
    const name = words.length > 1 ? bytesOf(words[1]) : null;
    if (words[0] == "address") {
      const found = facts.address(new AddressSource(name));
      answers.push(String.UTF8.decode(found === null ? ABSENT : found.text()));
    } else if (name === null) {
      answers.push(String.UTF8.decode(shown(facts.consumer())));
    } else if (words[0] == "param") {
      answers.push(String.UTF8.decode(shown(facts.param(name))));
    } else if (words[0] == "cookie") {
      answers.push(String.UTF8.decode(shown(facts.cookie(name))));
    } else {
      answers.push(String.UTF8.decode(shown(facts.header(name))));
    }
  }
  return answers.concat(source.reads);
}
