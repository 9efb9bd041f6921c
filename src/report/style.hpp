// The style sheet of the report page: light and dark, from 320 px up, printable, no fonts or pictures from elsewhere.
#pragma once

#include <string_view>

namespace klientela::report {

/// Intensities of heat maps are classes i0 .. i9, colours of groups classes k0 .. k7 and kn (none): no value from the
/// data ever stands in a style.
inline constexpr std::string_view style_sheet = R"css(
:root{color-scheme:light dark;--bg:#f6f6f3;--card:#fff;--ink:#1d1f24;--soft:#5c6270;--line:#e1e2dd;--accent:#2557c7;
--accent-rgb:37 87 199;--k0:58 124 214;--k1:222 150 22;--k2:212 64 48;--k3:118 74 196;--k4:14 138 122;--k5:190 60 130;
--k6:104 124 30;--k7:84 96 116;--kn:120 126 138;--shadow:0 1px 2px rgb(20 24 40/.06),0 4px 16px rgb(20 24 40/.05)}
@media (prefers-color-scheme:dark){:root{--bg:#14161a;--card:#1c1f25;--ink:#e9eaee;--soft:#a3a9b6;--line:#31353e;
--accent:#8fb2ff;--accent-rgb:122 162 255;--k0:96 158 246;--k1:236 174 60;--k2:240 100 84;--k3:164 128 240;
--k4:52 184 164;--k5:232 110 172;--k6:158 182 70;--k7:140 152 172;--kn:140 146 158;--shadow:none;--deep:.66}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Noto Sans CJK SC",Ubuntu,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:40px;padding-bottom:8px}
h1{font-size:clamp(1.6rem,1.2rem + 1.8vw,2.3rem);line-height:1.15;letter-spacing:-.02em;margin:0 0 6px;
overflow-wrap:anywhere;text-wrap:balance}
h2{font-size:1.28rem;line-height:1.25;letter-spacing:-.01em;margin:0 0 4px}
h3{font-size:1rem;margin:24px 0 8px}
p{margin:0 0 12px;max-width:70ch}
.lead,.note,.hint{color:var(--soft)}
.note,.hint{font-size:.9rem}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin:18px 0;
box-shadow:var(--shadow)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin:18px 0;padding:0}
.figure{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:14px 16px;box-shadow:var(--shadow);
min-width:0}
.figure.wide{grid-column:span 2}.figure.words dd{font-size:1.06rem;padding:.14em 0}
.figure dt{color:var(--soft);font-size:.85rem}
.figure dd{margin:0;font-size:1.36rem;font-weight:650;letter-spacing:-.02em;line-height:1.25;overflow-wrap:break-word}
.figure .sub{display:block;font-size:.82rem;font-weight:400;letter-spacing:0;color:var(--soft);line-height:1.35}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch;margin:12px -4px 0;padding:4px}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:6px}
table{border-collapse:collapse;font-size:.92rem}
caption{text-align:left;color:var(--soft);font-size:.88rem;padding:0 0 8px}
.list{width:100%}
.list th,.list td{text-align:left;padding:7px 14px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
.list thead th{color:var(--soft);font-weight:500;font-size:.84rem;white-space:nowrap}
.list tbody th{font-weight:550}
.labels thead th:first-child::first-letter{text-transform:uppercase}
.list tr:last-child td,.list tr:last-child th{border-bottom:0}
.list .num{text-align:right;white-space:nowrap}
.list .num:last-child,.list td:last-child{padding-right:0}
.name{overflow-wrap:anywhere;min-width:7em}
.why{color:var(--soft);font-size:.86rem;min-width:15em;overflow-wrap:anywhere}
.id{color:var(--soft);overflow-wrap:anywhere}.list th.id{min-width:6em}
.share{color:var(--soft);display:inline-block;min-width:3.6em;margin-left:.5em}
.value{overflow-wrap:anywhere;font-family:ui-monospace,"Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.85rem;min-width:7em}
.heat{border-collapse:separate;border-spacing:4px;width:100%}
.heat td{width:400px;border-radius:8px;padding:8px 4px;text-align:center;line-height:1.25;height:60px;
background:rgb(var(--k,var(--accent-rgb))/calc(var(--a,.05)*var(--deep,1)))}
.heat td b{display:block;font-size:1.02rem;font-weight:650}
.heat td>span{display:block;font-size:.8rem}
.heat td .of{opacity:.92;font-size:.74rem}
.heat td.none{color:var(--soft);background:none;box-shadow:inset 0 0 0 1px var(--line)}
.heat thead th,.heat tfoot th{font-weight:500;font-size:.84rem;color:var(--soft);padding:2px;overflow-wrap:anywhere;
vertical-align:bottom}
.heat tfoot th{vertical-align:top}
.heat tbody th{font-weight:500;font-size:.84rem;color:var(--soft);text-align:right;padding:0 8px 0 0;
overflow-wrap:anywhere;hyphens:auto}
.heat tbody th,.heat .corner{width:8em;min-width:8em}
.brief{display:none}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.heat td.corner.none{box-shadow:none;height:auto;padding:0}
.heat .apart{border-left:12px solid transparent;background-clip:padding-box}
.heat td.apart.none{box-shadow:none;border-radius:0;background:none}
.heat tr.apart td,.heat tr.apart th{border-top:12px solid transparent;background-clip:padding-box}
.axis{font-weight:600!important;color:var(--ink)!important}
.heat.many td{min-width:64px}
.grid5{max-width:560px}
.grid5 td{height:48px}
.grid5 tbody th,.grid5 .corner{width:3em;min-width:3em}
.load{border-spacing:3px 2px}.load td{height:28px;padding:1px;border-radius:5px;font-size:.76rem;min-width:27px}
.load tbody th{padding:0 6px 0 0;line-height:1.2;width:11em}
.load thead th{font-size:.74rem;padding:0;text-align:center;white-space:nowrap}
.load thead th span{display:block;font-size:.68rem;opacity:.85}.load thead .corner{text-align:right;padding-right:6px}
.load td.free{background:none;box-shadow:inset 0 0 0 1px var(--line);color:var(--soft)}.load td.none{box-shadow:none}
.load td.apart{background:none;font-weight:600;border-left-width:4px}
.agenda th{white-space:nowrap;width:11.5em}.agenda .date{display:inline-block;min-width:6.4em}.agenda .clock{font-weight:400}
.agenda .again{visibility:hidden}.agenda .sub{color:var(--soft)}.agenda .next th,.agenda .next td{border-top:2px solid var(--line)}
section>.lead+.figures{margin:12px 0}section .figure{box-shadow:none}
.i0{--a:.07}.i1{--a:.13}.i2{--a:.19}.i3{--a:.26}.i4{--a:.33}.i5{--a:.4}.i6{--a:.47}.i7{--a:.54}.i8{--a:.6}.i9{--a:.66}
.k0{--k:var(--k0)}.k1{--k:var(--k1)}.k2{--k:var(--k2)}.k3{--k:var(--k3)}.k4{--k:var(--k4)}.k5{--k:var(--k5)}
.k6{--k:var(--k6)}.k7{--k:var(--k7)}.kn{--k:var(--kn)}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;list-style:none;margin:12px 0 0;padding:0;font-size:.9rem}
.legend li{display:flex;align-items:baseline;gap:7px;min-width:0}
.dot{flex:none;width:.72em;height:.72em;border-radius:50%;background:rgb(var(--k));display:inline-block}
.legend .count{color:var(--soft)}
.bar{display:block;width:100%;height:10px;min-width:70px}
.bar rect{fill:rgb(var(--accent-rgb)/.85)}
.bar .gold{fill:rgb(var(--k1))}.dot.acc{--k:var(--accent-rgb)}
.bar .back{fill:rgb(var(--kn)/.16)}
.barcell{width:38%;vertical-align:middle!important}
.bar .for{fill:rgb(var(--k4))}.bar .against{fill:rgb(var(--k2))}.bar .zero{fill:var(--soft)}.bar .limit{fill:rgb(var(--k1))}
.waterfall{max-width:640px}.waterfall th,.waterfall td{padding-top:4px;padding-bottom:4px}.waterfall .barcell{width:52%}
.waterfall .total th,.waterfall .total td{font-weight:650}
.sides td{min-width:8.5em;overflow-wrap:anywhere}.sides tbody th{color:var(--soft);font-weight:500;white-space:nowrap}
.sides td,.sides thead th+th{padding-left:10px;padding-right:10px}
.sides .other{background:rgb(var(--k1)/.18)}.sides .now{font-weight:550}
ul.why{margin:0 0 10px;padding-left:1.2em}
.curve{display:block;width:100%;max-width:720px;height:auto;margin-top:12px}
.curve .grid{stroke:var(--line);stroke-width:1}
.curve .even{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 4;opacity:.6}
.curve .line{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}
.curve .fill{fill:rgb(var(--accent-rgb)/.09)}
.curve .border{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 3;opacity:.75}
.curve .mark{fill:var(--card);stroke:var(--accent);stroke-width:2.5}
.curve text{fill:var(--soft);font-size:13px}
.curve .class{fill:var(--ink);font-size:15px;font-weight:650;text-anchor:middle}
.curve .y{text-anchor:end}.curve .x{text-anchor:middle}
.flow{display:block;width:100%;max-width:760px;height:auto;margin:12px 0}
.flow path{fill:rgb(var(--k)/.42)}.flow .stay{fill:rgb(var(--k)/.2)}.flow path:hover{fill:rgb(var(--k)/.7)}
.flow rect{fill:rgb(var(--k))}
.flow text{fill:var(--soft);font-size:13px}
.flow .name{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.flow .end{text-anchor:end}.flow .head{fill:var(--ink);font-weight:600}
.list .sub{display:block;font-weight:400;font-size:.86rem}.list .part{padding-left:1.2em;font-weight:400!important;color:var(--soft)}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:8px 36px}
details{border-top:1px solid var(--line)}
details:last-of-type{border-bottom:1px solid var(--line)}
summary{cursor:pointer;padding:10px 2px;display:flex;flex-wrap:wrap;gap:2px 12px;align-items:baseline}
summary::before{content:"";flex:none;width:.42em;height:.42em;border:solid var(--soft);border-width:0 2px 2px 0;
transform:rotate(-45deg) translateY(-.1em);transition:transform .15s}
details[open]>summary::before{transform:rotate(45deg) translate(-.12em,-.12em)}
summary b{font-weight:600}summary>*{min-width:0;overflow-wrap:anywhere}
summary .right{margin-left:auto;color:var(--soft);font-size:.9rem}
summary .tag{font-size:.86rem;color:var(--soft)}
details .scroll{margin-top:0;padding-bottom:14px}
.defs{display:grid;grid-template-columns:minmax(9em,max-content) 1fr;gap:6px 20px;margin:8px 0 0;font-size:.92rem}
.defs dt{font-weight:550}.defs dd{margin:0;color:var(--soft);max-width:70ch}
.warn{border-left:3px solid rgb(var(--k1));padding:2px 0 2px 12px;margin:12px 0 0}
footer{color:var(--soft);font-size:.86rem;padding-top:8px;padding-bottom:40px}
@media (min-width:761px){.list .num+:not(.num){padding-left:14px}}
@media (max-width:760px){main,header,footer{padding-left:14px;padding-right:14px}header{padding-top:24px}
section{padding:16px 14px;border-radius:12px}.two{grid-template-columns:minmax(0,1fr)}
.figures{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}.figure{padding:11px 12px}
.figure dd{font-size:clamp(1rem,5vw,1.22rem)}
.heat{border-spacing:3px}.heat td{height:52px;padding:6px 2px}
.heat tbody th,.heat .corner,.load tbody th{width:5.4em;min-width:5.4em}.load td{height:32px;padding:1px}
.load tbody th,.load .corner{width:6.6em;min-width:6.6em}.heat tbody th{font-size:.76rem;padding-right:4px}
.heat thead th,.heat tfoot th{font-size:.76rem}
.heat td b{font-size:.84rem}.heat td>span{font-size:.72rem}
.grid5 tbody th,.grid5 .corner{width:2.6em;min-width:2.6em}
.full{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}.brief{display:inline}
.wide tbody th,.wide .corner,.many tbody th,.many .corner{position:sticky;left:-4px;background:var(--card)!important;z-index:1}
.wide tfoot th span,.many tfoot th span{display:inline-block;writing-mode:vertical-rl;text-align:left;max-height:9em;line-height:1.15}
.heat .apart{border-left-width:6px}.heat tr.apart td,.heat tr.apart th{border-top-width:6px}
.list th,.list td{padding-right:10px}.labels thead th:first-child{white-space:normal}.share{display:block;margin:0;min-width:0}.bar{min-width:44px}.labels th,.labels td{padding-right:7px;font-size:.86rem}
.labels .bar{min-width:20px}.labels .barcell{width:24%}
.cards thead,.stacked thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.cards tr{display:grid;grid-template-columns:minmax(0,1fr) auto;padding:8px 0;border-bottom:1px solid var(--line)}
.cards tr:last-child{border-bottom:0}.cards tbody th,.cards tbody td{border:0;padding:1px 0}.cards .name,.cards .why{grid-column:1/-1}
.stacked tr{display:block;padding:8px 0;border-bottom:1px solid var(--line)}.stacked tr:last-child{border-bottom:0}
.stacked tbody th,.stacked tbody td{display:block;border:0;padding:1px 0;text-align:left;white-space:normal}
.stacked tbody .num{text-align:left;white-space:normal}.stacked td:empty{display:none}.stacked td::before{content:attr(data-of) ": ";color:var(--soft)}
.stacked .share{display:inline;margin-left:.4em}
.agenda th{width:auto}.agenda .again{visibility:visible}
.flow text{font-size:20px}.flow .long{display:none}.curve text{font-size:19px}.curve .class{font-size:20px}.defs{grid-template-columns:1fr;gap:0}.defs dd{margin-bottom:8px}
summary{position:relative;padding-left:1.2em}summary::before{position:absolute;left:2px;top:1.1em}
summary .right{margin-left:0;flex-basis:100%}}
@media print{:root{color-scheme:light}body{background:#fff}section,.figure{box-shadow:none;break-inside:avoid}
main,header,footer{max-width:none;padding:0}td{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
)css";

}  // namespace klientela::report
