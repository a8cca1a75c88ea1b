import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import "@xyflow/react/dist/base.css";
import "uplot/dist/uPlot.min.css";
import "./style.css";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(<App />);
