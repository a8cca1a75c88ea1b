/** Of the API page; light or dark as the reader's system is. */
export const style = `:root {
	color-scheme: light dark;
	--ground: #fff; --text: #1c2430; --soft: #56606e; --line: #d5dae1; --shade: #f4f6f8; --link: #0b57b0;
}
@media (prefers-color-scheme: dark) {
	:root { --ground: #14181e; --text: #e4e8ee; --soft: #a3adba; --line: #333b46; --shade: #1d232b; --link: #8ab8f5; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
	margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr);
	background: var(--ground); color: var(--text); font: 1rem/1.55 system-ui, sans-serif;
}
a { color: var(--link); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: .9rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { margin: .25rem 0; }
nav > ul > li > a { font-weight: 600; }
nav ul ul { padding-left: .75rem; margin-bottom: .75rem; }
nav a, h3 a { text-decoration: none; }
nav a:hover, h3 a:hover { text-decoration: underline; }
main { padding: 1rem 2rem 4rem; max-width: 70rem; }
h2 { margin-top: 3rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2.5rem 0 .25rem; }
h3 a { color: inherit; }
h4 { margin: 1.25rem 0 .5rem; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
code { background: var(--shade); padding: .1em .3em; border-radius: .25em; overflow-wrap: anywhere; }
pre { background: var(--shade); padding: .75rem 1rem; overflow-x: auto; border-radius: .4rem; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
.route { margin: 0 0 .5rem; font-size: 1.05rem; }
.method { font-weight: 700; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
td:first-child code { white-space: nowrap; }
td p { margin: 0 0 .4rem; }
.required, .default { color: var(--soft); font-size: .85em; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .5rem; }
@media (max-width: 48rem) {
	body { display: block; }
	nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
	nav ul ul { display: none; }
	nav > ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
	main { padding: 1rem; }
}
`;
