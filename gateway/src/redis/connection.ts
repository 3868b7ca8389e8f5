import { connect, type Socket } from "node:net";
import { encodeCommand } from "./command.ts";
import { RespFramer } from "./framer.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionOptions {
  readonly address: Address;
  /** AUTH is sent when there is a password; with the user name when that is set too. */
  readonly username: string;
  readonly password: string;
  /** SELECT is sent when it is not 0. */
  readonly database: number;
  /** Milliseconds without a reply, while any is owed, until the connection is given up. */
  readonly timeout: number;
  /** Milliseconds until a connection must stand. */
  readonly connectTimeout: number;
}

/** A complete reply, or `null` after any failure of the connection. */
export type ReplyHandler = (reply: Buffer | null) => void;

/**
 * One pipelined connection. Replies come in the order of the requests; one failure (connect, timeout, reset,
 * bytes that are not RESP) fails everything still in flight, and the connection is not used again.
 */
export class RedisConnection {
  private readonly socket: Socket;
  private readonly framer = new RespFramer();
  private readonly inFlight: ReplyHandler[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isConnected = false;
  private isClosed = false;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly onClose: () => void,
  ) {
    this.socket = connect({ ...options.address, noDelay: true });
    this.socket.on("connect", () => this.onConnect());
    this.socket.on("data", (chunk) => this.onData(chunk));
    this.socket.on("error", () => this.close());
    this.socket.on("close", () => this.close());
    this.arm(options.connectTimeout);
    for (const command of this.greeting()) this.send(encodeCommand(command), () => {});
  }

  private greeting(): string[][] {
    const { username, password, database } = this.options;
    const commands: string[][] = [];
    if (password !== "") commands.push(username !== "" ? ["AUTH", username, password] : ["AUTH", password]);
    if (database !== 0) commands.push(["SELECT", String(database)]);
    return commands;
  }

  /** Sends raw RESP; `onReply` is called once, never before this returns. */
  send(query: Buffer, onReply: ReplyHandler): void {
    this.inFlight.push(onReply);
    this.socket.write(query);
    if (this.isConnected && this.inFlight.length === 1) this.arm(this.options.timeout);
  }

  /** Fails what is in flight. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    this.socket.destroy();
    this.onClose();
    for (const fail of this.inFlight.splice(0)) setImmediate(fail, null);
  }

  private onConnect(): void {
    this.isConnected = true;
    // A connection is made for a call, so a reply is owed.
    this.arm(this.options.timeout);
  }

  private onData(chunk: Buffer): void {
    let replies: Buffer[];
    try {
      replies = this.framer.push(chunk);
    } catch {
      this.close();
      return;
    }
    for (const reply of replies) {
      // RESP3 push data answers no request.
      if (reply[0] !== 0x3e) this.inFlight.shift()?.(reply);
    }
    if (this.isClosed) return;
    if (this.inFlight.length > 0) this.arm(this.options.timeout);
    else clearTimeout(this.timer);
  }

  private arm(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close(), ms);
  }
}
