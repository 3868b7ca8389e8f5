// The Redis host calls: raw RESP on a pipelined connection, and every way in which it can fail.
// Higress' proxy-wasm-cpp-host (redis_init, redis_call) and Envoy's Redis client; see the ABI notes in the code.
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { encodeCommand } from "../../gateway/src/redis/command.ts";
import { RedisClusters } from "../../gateway/src/redis/clusters.ts";
import { parseAddress } from "../../gateway/src/services.ts";
import { RedisStatus, Status } from "../../gateway/src/wasm/types.ts";
import {
  deferred,
  open,
  send,
  startRedis,
  startTcp,
  startTestGateway,
  startUpstream,
  unusedPort,
} from "./support.ts";

const CLUSTER = "outbound|6379||redis.static";
const PING = encodeCommand(["PING"]);

function clustersAt(address: string): RedisClusters {
  return new RedisClusters((name) => (name === CLUSTER ? parseAddress(address, "redis") : undefined));
}

/** `<status> <reply>` */
function call(clusters: RedisClusters, ...words: string[]): Promise<string> {
  return new Promise((resolve) => {
    const status = clusters.call(CLUSTER, encodeCommand(words), (outcome, bytes) => {
      resolve(`${RedisStatus[outcome]} ${bytes.toString()}`);
    });
    if (status !== Status.Ok) resolve(`refused ${status}`);
  });
}

/** The words of all commands a socket receives, as they come. */
function wordsFrom(socket: Socket, onWords: (words: string[]) => void): void {
  socket.on("data", (chunk) => {
    for (const command of String(chunk).split(/(?=\*\d)/))
      onWords(command.split("\r\n").filter((line) => line !== "" && !/^[*$]\d/.test(line)));
  });
}

describe("with a real Redis", () => {
  it("replies come back in order, as raw RESP", async () => {
    const clusters = clustersAt(await startRedis());
    const replies = await Promise.all([
      call(clusters, "SET", "a", "1"),
      call(clusters, "INCRBY", "a", "41"),
      call(clusters, "EVAL", "return {1, 'x', false}", "0"),
      call(clusters, "NOSUCH"),
    ]);
    expect(replies.slice(0, 3)).toEqual(["Ok +OK\r\n", "Ok :42\r\n", "Ok *3\r\n:1\r\n$1\r\nx\r\n$-1\r\n"]);
    expect(replies[3]).toMatch(/^Ok -ERR unknown command/);
    clusters.close();
  });

  it("the password and the database of init are used, by new connections", async () => {
    const clusters = clustersAt(await startRedis("--requirepass", "secret"));
    expect(await call(clusters, "PING")).toMatch(/^Ok -NOAUTH/);
    expect(clusters.init(`${CLUSTER}?db=3&max_buffer_size_before_flush=1024`, "", "secret", 1000)).toBe(
      Status.Ok,
    );
    expect(await call(clusters, "CLIENT", "INFO")).toContain(" db=3 ");
    clusters.close();
  });

  it("a user name goes along with the password", async () => {
    const clusters = clustersAt(await startRedis());
    await call(clusters, "ACL", "SETUSER", "limiter", "on", ">secret", "~*", "+@all");
    clusters.init(CLUSTER, "limiter", "secret", 1000);
    expect(await call(clusters, "ACL", "WHOAMI")).toContain("limiter");
    clusters.close();
  });
});

describe("a connection", () => {
  it("says AUTH and SELECT first, and keeps their replies to itself", async () => {
    const received: string[][] = [];
    const address = await startTcp((socket) => {
      wordsFrom(socket, (words) => {
        received.push(words);
        socket.write(words[0] === "PING" ? "+PONG\r\n" : "-ERR no\r\n");
      });
    });
    const clusters = clustersAt(address);
    clusters.init(`${CLUSTER}?db=2`, "u", "p", 1000);
    expect(await call(clusters, "PING")).toBe("Ok +PONG\r\n");
    expect(received).toEqual([["AUTH", "u", "p"], ["SELECT", "2"], ["PING"]]);
    clusters.close();
  });

  it("is one for all calls, pipelined", async () => {
    let connections = 0;
    const address = await startTcp((socket) => {
      connections++;
      let seen = 0;
      // Answers only when both have arrived.
      wordsFrom(socket, () => {
        if (++seen === 2) socket.write("+1\r\n+2\r\n");
      });
    });
    const clusters = clustersAt(address);
    expect(await Promise.all([call(clusters, "A"), call(clusters, "B")])).toEqual(["Ok +1\r\n", "Ok +2\r\n"]);
    expect(connections).toBe(1);
    clusters.close();
  });

  it("that is slow fails everything on it, and the next call has a new one", async () => {
    let connections = 0;
    const address = await startTcp((socket) => {
      const answers = ++connections > 1;
      socket.on("data", () => answers && socket.write("+PONG\r\n"));
    });
    const clusters = clustersAt(address);
    clusters.init(CLUSTER, "", "", 20);
    expect(await Promise.all([call(clusters, "A"), call(clusters, "B")])).toEqual([
      "NetworkError ",
      "NetworkError ",
    ]);
    expect(await call(clusters, "PING")).toBe("Ok +PONG\r\n");
    clusters.close();
  });

  it("may be slow later, too", async () => {
    const clusters = clustersAt(
      await startTcp((socket) => socket.once("data", () => socket.write("+PONG\r\n"))),
    );
    clusters.init(CLUSTER, "", "", 20);
    expect(await call(clusters, "PING")).toBe("Ok +PONG\r\n");
    expect(await call(clusters, "PING")).toBe("NetworkError ");
    clusters.close();
  });

  it("is idle when every reply has come", async () => {
    const connected = deferred<Socket>();
    const clusters = clustersAt(
      await startTcp((socket) => socket.on("data", () => connected.resolve(socket))),
    );
    const replies = [call(clusters, "A"), call(clusters, "B")];
    let isIdle = false;
    const idle = clusters.idle().then(() => (isIdle = true));
    (await connected.promise).write("+1\r\n");
    await replies[0];
    await new Promise((resolve) => setImmediate(resolve));
    expect(isIdle).toBe(false);
    (await connected.promise).write("+2\r\n");
    await idle;
    await clusters.idle();
    clusters.close();
  });

  it("may be idle for longer than the timeout", async () => {
    const address = await startTcp((socket) => {
      socket.on("data", () => socket.write("+PONG\r\n"));
      socket.on("close", () => closes++);
    });
    let closes = 0;
    const clusters = clustersAt(address);
    clusters.init(CLUSTER, "", "", 10);
    await call(clusters, "PING");
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(closes).toBe(0);
    clusters.close();
  });

  it.each([
    ["is refused", async () => `127.0.0.1:${await unusedPort()}`],
    ["is reset", () => startTcp((socket) => socket.on("data", () => socket.resetAndDestroy()))],
    ["is closed", () => startTcp((socket) => socket.on("data", () => socket.end()))],
    ["speaks something else", () => startTcp((socket) => socket.write("SSH-2.0-x\r\n"))],
  ])("that %s is a network error", async (_name, address) => {
    const clusters = clustersAt(await address());
    expect(await call(clusters, "PING")).toBe("NetworkError ");
    clusters.close();
  });
});

describe("redis_init", () => {
  it("refuses an unknown cluster, and so does redis_call", () => {
    const clusters = clustersAt("127.0.0.1:1");
    expect(clusters.init("outbound|1||other", "", "", 1)).toBe(Status.BadArgument);
    expect(clusters.call("outbound|1||other", PING, () => {})).toBe(Status.BadArgument);
  });

  it("takes parameters after the name, and so does redis_call", async () => {
    const clusters = clustersAt(await startRedis());
    expect(clusters.init(`${CLUSTER}?db=1`, "", "", 1000)).toBe(Status.Ok);
    const reply = await new Promise((resolve) => {
      clusters.call(`${CLUSTER}?db=9`, PING, (_status, bytes) => resolve(String(bytes)));
    });
    expect(reply).toBe("+PONG\r\n");
    clusters.close();
  });

  it("fails what is in flight", async () => {
    const arrived = deferred();
    const clusters = clustersAt(await startTcp((socket) => socket.on("data", () => arrived.resolve())));
    const pending = call(clusters, "PING");
    await arrived.promise;
    expect(clusters.init(CLUSTER, "", "", 1000)).toBe(Status.Ok);
    expect(await pending).toBe("NetworkError ");
    clusters.close();
  });
});

describe("seen from the filter", () => {
  const upstream = (): Promise<string> => startUpstream((_request, response) => response.end("ok"));
  const redis = (command: string) => ({ headers: { "x-request-headers": `redis ${command}` } });

  it("the reply comes to the root with its token, and the stream continues when told to", async () => {
    const gateway = await startTestGateway({ upstream: await upstream(), redis: await startRedis() });
    expect((await send(`${gateway.url}/p`, redis("PING~"))).body).toBe("ok");
    expect((await send(`${gateway.url}/p`, redis("PING~"))).body).toBe("ok");
    expect(gateway.log.matching(/^redis/)).toEqual([
      "redis_call 7",
      "redis 1 7 status=0 +PONG~ size=7",
      "redis_call 11",
      "redis 1 11 status=0 +PONG~ size=7",
    ]);
    // Until it continues the stream, the filter may read the request.
    expect(gateway.log.matching(/^effective/)).toEqual(["effective 0 /p", "effective 0 /p"]);
  });

  it("the request's headers are gone once it continues", async () => {
    const gateway = await startTestGateway({ upstream: await upstream() });
    const pending = send(gateway.url, { headers: { "x-request-headers": "resume at once" } });
    expect((await pending).body).toBe("ok");
    expect(gateway.log.matching(/^after continue/)).toEqual(["after continue <2>"]);
  });

  it("a network error has status 1 and no bytes", async () => {
    const gateway = await startTestGateway({
      upstream: await upstream(),
      redis: `127.0.0.1:${await unusedPort()}`,
    });
    expect((await send(gateway.url, redis("PING~"))).body).toBe("ok");
    expect(gateway.log.matching(/^redis \d/)).toEqual(["redis 1 7 status=1  size=0"]);
  });

  it("a reply for a stream that is gone still arrives, and its context is unknown", async () => {
    const connected = deferred<Socket>();
    const address = await startTcp((socket) => socket.on("data", () => connected.resolve(socket)));
    const gateway = await startTestGateway({ upstream: await upstream(), redis: address });
    const pending = open(gateway.url, redis("PING~"), (request) => {
      request.end();
      void connected.promise.then(() => request.destroy());
    });
    await expect(pending).rejects.toThrow();
    await gateway.log.until(/^delete/);
    (await connected.promise).write("+PONG\r\n");
    await gateway.log.until(/^effective/);
    expect(gateway.log.matching(/^(redis \d|effective)/)).toEqual([
      "redis 1 7 status=0 +PONG~ size=7",
      "effective 2 <2>",
    ]);
  });

  it("services are found by name with port, by name, by default", async () => {
    const [byPort, byName, byDefault] = await Promise.all(
      ["1", "2", "3"].map((digit) =>
        startTcp((socket) => socket.on("data", () => socket.write(`:${digit}\r\n`))),
      ),
    );
    const clusters = new (await import("../../gateway/src/services.ts")).ServiceDirectory(
      { "redis.static:6379": byPort ?? "", "redis.static": byName ?? "" },
      parseAddress(byDefault ?? "", "redis"),
    );
    const port = (address: string | undefined): number => parseAddress(address ?? "", "").port;
    expect(clusters.resolve("outbound|6379||redis.static")?.port).toBe(port(byPort));
    expect(clusters.resolve("outbound|80||redis.static")?.port).toBe(port(byName));
    expect(clusters.resolve("outbound|80||other.dns")?.port).toBe(port(byDefault));
  });

  it("init of an unknown cluster is refused", async () => {
    const gateway = await startTestGateway({ upstream: await upstream() });
    await send(gateway.url, { headers: { "x-request-headers": `init ${CLUSTER}` } });
    expect(gateway.log.matching(/^init/)).toEqual(["init 0"]);
  });
});

it("closes its connections when the gateway ends", async () => {
  const closed = deferred<unknown>();
  const address = await startTcp((socket) => {
    closed.resolve(once(socket, "close"));
    socket.on("data", () => socket.write("+PONG\r\n"));
  });
  const upstream = await startUpstream((_request, response) => response.end());
  const gateway = await startTestGateway({ upstream, redis: address });
  await send(gateway.url, { headers: { "x-request-headers": "redis PING~" } });
  await gateway.close(0);
  await closed.promise;
});
