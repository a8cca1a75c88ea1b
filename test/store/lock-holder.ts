// A process that takes the data folder named by its argument and keeps it until it is killed.
import { DataDirLock } from "../../store/data-dir-lock.js";

await DataDirLock.take(process.argv[2] ?? "");
process.send?.("taken");
setInterval(() => {}, 60_000);
