// `make run` and `make demo`: a scene played through Redis, a fake LLM and the gateway.
//
//   SCENE=tutorial   another scene than the default
//   --stay           stay up afterwards, for requests by hand
import { untilSignal } from "../../gateway/src/cli/run.ts";
import { DEFAULT_SCENE, listOfScenes, SCENES } from "./scenes.ts";
import { openStage } from "./stage.ts";

const name = process.env.SCENE || DEFAULT_SCENE;
const scene = Object.hasOwn(SCENES, name) ? SCENES[name] : undefined;
if (scene === undefined) {
  console.error(`There is no scene called ${name}. The scenes are:\n${listOfScenes()}`);
  process.exit(2);
}

const stage = await openStage();
const { gateway, commands } = await scene.play(stage);
if (process.argv.includes("--stay")) {
  console.log(`The page: ${gateway.pageUrl}\n`);
  console.log(`Your turn (Ctrl-C ends it):\n${commands}\n\nThe scenes are:\n${listOfScenes()}\n`);
  await untilSignal();
}
await gateway.close(0);
await stage.close();
