import { borrowHeader } from "../abi/headers";
import { borrowedSize, release } from "../abi/memory";
import { HeaderMapType } from "../abi/types";
import { Bytes, bytesOf, copyOf } from "../bytes/bytes";
import { JsonReader } from "../json/reader";
import { JsonText } from "../json/text";
import { Strings, Token } from "../json/tokens";
import { isFallbacks, Name, nameOf } from "./cap-names";
import { isFormData } from "./form-line";
import { FormModel } from "./form-model";
import { MAX_MODEL, modelAfter } from "./model-name";

const CONTENT_TYPE = bytesOf("content-type");

/**
 * Reads from the body of a request, while that passes, which model it is for: its member `model`, however some server may spell
 * that, or the field of that name in a form (multipart/form-data). Nothing is believed of other bodies, such as compressed ones, nor
 * of a name that is no string, nor of one beside which there are others to fall back on. Several different names are `AMBIGUOUS`,
 * because servers differ in which they use.
 *
 * Call `begin` while the headers can be read, then `feed` with each piece, which may be cut anywhere, then `finish`. One object
 * serves one request after the other. Memory: about 600 bytes, and as many again once a form has been read; `dispose` frees it.
 */
@final
export class BodyModel {
  private reader: JsonReader = new JsonReader(MAX_MODEL);
  /** Made when a form is first read. */
  private form: FormModel | null = null;
  private isForm: bool = false;
  private name: Bytes | null = null;
  private isModel: bool = false;
  /** Whether some name cannot be read, or the body is no JSON object. */
  private isUnclear: bool = false;
  private isComplete: bool = false;

  dispose(): void {
    this.reader.dispose();
    const form = this.form;
    if (form !== null) form.dispose();
  }

  begin(): void {
    this.reader.feed(0, 0);
    this.reader.begin();
    this.name = null;
    this.isModel = this.isUnclear = this.isComplete = this.isForm = false;
    this.readType();
  }

  /** Reads the next `len` bytes of the body, at `ptr`, which are borrowed for the call. */
  feed(ptr: usize, len: i32): void {
    if (this.isUnclear || len <= 0) return;
    const form = this.form;
    if (this.isForm && form !== null) {
      form.feed(ptr, len);
      return;
    }
    this.reader.feed(ptr, len);
    this.read();
  }

  /** The body has ended. @returns its model, `AMBIGUOUS`, or null if that is not known */
  finish(): Bytes | null {
    const form = this.form;
    if (this.isForm && form !== null) return form.finish();
    this.reader.finish();
    this.read();
    return this.isComplete && !this.isUnclear ? this.name : null;
  }

  /** Reads the content type, while all hosts show it. Servers of JSON do not look at it, but those of forms do. */
  private readType(): void {
    const at = borrowHeader(HeaderMapType.HttpRequestHeaders, CONTENT_TYPE);
    if (at == 0) return;
    const size = borrowedSize();
    this.isForm = isFormData(at, size);
    if (this.isForm) {
      const known = this.form;
      const form = known !== null ? known : new FormModel();
      this.form = form;
      form.begin(copyOf(at, size));
    }
    release(at);
  }

  private read(): void {
    while (!this.isUnclear) {
      const token = this.reader.next();
      if (token > Token.Malformed) {
        this.take(token);
        continue;
      }
      if (token == Token.Malformed) this.isUnclear = true;
      this.isComplete = token == Token.End;
      return;
    }
  }

  private take(token: Token): void {
    const reader = this.reader;
    if (token == Token.Key) {
      const text = reader.text;
      const name = text.truncated ? Name.Other : nameOf(text.ptr, text.length);
      this.isModel = name == Name.Model;
      if (isFallbacks(name)) this.isUnclear = true;
      if (this.isModel) reader.strings = Strings.Keep;
      else reader.pass();
    } else if (token == Token.ObjectStart && reader.depth == 1) {
      return;
    } else if (token != Token.ObjectEnd) {
      // The root is no object, or what should be the name is no string.
      this.add(this.isModel && token == Token.String ? reader.text : null);
    }
  }

  private add(text: JsonText | null): void {
    const name = text !== null && !text.truncated ? modelAfter(this.name, text.ptr, text.length) : null;
    if (name === null) this.isUnclear = true;
    this.name = name;
  }
}
