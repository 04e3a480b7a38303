/* SPDX-License-Identifier: MIT */
/* The style sheet of the page: dark and light by the reader's preference, one column on a phone. */

#include <openssl/evp.h>
#include <stdio.h>

#include "daemon/endpoint/page_parts.h"

/* C99 promises 4,095 bytes only; every compiler in use takes more. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

const char page_style[] =
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2128;--dim:#59636e;"
    "--line:#d8dde3;--ok:#1a7f37;--warn:#9a6700;--fail:#c9252d;--unknown:#6e5494;--skip:#8b949e;"
    "--link:#0a58ca}"
    "@media(prefers-color-scheme:dark){:root{--bg:#0e1116;--card:#171b22;--ink:#e6e9ee;"
    "--dim:#9aa4b0;--line:#2d343e;--ok:#3fb950;--warn:#d9a521;--fail:#ff6b64;--unknown:#b197e0;"
    "--skip:#6e7681;--link:#6ea8fe}}"
    "*,::before{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"
    "'Segoe UI',Roboto,'Noto Sans',sans-serif}"
    "body>*{max-width:68rem;margin:0 auto;padding:0 1rem}"
    "a{color:var(--link)}a:focus-visible,summary:focus-visible,input:focus-visible{outline:3px "
    "solid "
    "var(--link);outline-offset:2px;border-radius:4px}"
    "h1{font-size:1.35rem;margin:1.2rem 0 .1rem}"
    "h3{font-size:.8rem;letter-spacing:.04em;text-transform:uppercase;color:var(--dim);"
    "margin:1.2rem 0 .35rem}"
    ".dim,time{color:var(--dim)}.dim{font-size:.87rem}p{margin:.35rem 0}"
    "nav{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;padding-top:.8rem!important;"
    "padding-bottom:.9rem!important}"
    "nav a{display:inline-block;padding:.2rem .75rem;border:1px solid var(--line);border-radius:"
    "99px;background:var(--card);color:var(--ink);text-decoration:none;white-space:nowrap}"
    "nav a[aria-current]{border-color:currentColor;font-weight:650}"
    "nav form{margin-left:auto;display:flex;gap:.4rem;align-items:center}"
    "input{font:inherit;width:12rem;padding:.2rem .6rem;border:1px solid var(--line);"
    "border-radius:6px;background:var(--card);color:var(--ink)}"
    ".t{background:var(--card);border:1px solid var(--line);border-left:5px solid var(--c);"
    "border-radius:8px;margin:0 0 .6rem}"
    ".ok{--c:var(--ok)}.warn{--c:var(--warn)}.fail{--c:var(--fail)}.unknown{--c:var(--unknown)}"
    ".skip{--c:var(--skip)}"
    "summary{cursor:pointer;padding:.6rem .9rem;display:grid;grid-template-columns:5.6rem 1fr auto "
    "auto;"
    "gap:.1rem .8rem;align-items:baseline;list-style:none}"
    "summary::-webkit-details-marker{display:none}"
    "summary>.n{font-weight:650;overflow-wrap:break-word;min-width:0}"
    "summary>.w{grid-column:2/-1;overflow-wrap:anywhere}"
    ".m{display:flex;gap:.2rem;align-self:center}.m i{width:.62rem;height:.62rem;border-radius:50%;"
    "background:var(--c)}.m .skip{background:none;border:1.5px solid var(--c)}.m "
    ".fail{border-radius:"
    "2px}"
    ".t>summary>.n::after{content:'\\203A';display:inline-block;color:var(--dim);margin-left:.5em;"
    "font-weight:400}.t[open]>summary>.n::after{transform:rotate(90deg)}"
    ".t>summary:hover>.n{text-decoration:underline;text-underline-offset:3px}"
    ".s{color:var(--c);font-weight:700;font-size:.82rem;text-transform:uppercase}"
    ".s::before{content:'';display:inline-block;width:.68em;height:.68em;border-radius:50%;"
    "background:var(--c);margin-right:.45em}"
    ".fail>summary .s::before{border-radius:2px}"
    "code{font:.87em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;"
    "overflow-wrap:anywhere}li code,p code{white-space:pre-wrap}"
    ".b{padding:0 .9rem 1rem;border-top:1px solid var(--line);overflow-wrap:anywhere}"
    ".l{display:grid;grid-template-columns:repeat(7,1fr);margin:.9rem 0 0;padding:0;"
    "list-style:none;text-align:center;font-size:.85rem}"
    ".l li{position:relative;padding-top:1.5rem}"
    ".l li::before{content:'';position:absolute;top:.2rem;left:calc(50% - .5rem);width:1rem;"
    "height:1rem;border-radius:50%;background:var(--c);z-index:1}"
    ".l .fail::before{border-radius:3px;box-shadow:0 0 0 3px var(--card),0 0 0 5px var(--c)}"
    ".l .skip::before{background:var(--card);border:2px solid var(--c)}"
    ".l li+li::after{content:'';position:absolute;top:.62rem;right:50%;width:100%;height:2px;"
    "background:var(--line)}"
    ".l b{display:block;font-weight:600}.l i{display:block;font-style:normal;color:var(--dim);"
    "font-size:.92em}.l .fail b,.l .fail i{color:var(--c)}"
    ".f{margin:.9rem 0 0;padding:.1rem 0 .1rem .8rem;border-left:3px solid var(--c)}"
    ".f p:first-child{margin-top:0}ol.r{margin:.4rem 0;padding-left:1.4rem}ol.r li{margin:.2rem 0}"
    ".f details summary{display:list-item;list-style:inside disclosure-closed;padding:.1rem 0;"
    "color:var(--dim);font-size:.87rem}.f details[open] summary{list-style-type:disclosure-open}"
    ".f ul{margin:.2rem 0;padding-left:1.3rem}"
    ".x{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.87rem}"
    "th{text-align:left;font-weight:600;color:var(--dim)}"
    "th,td{padding:.28rem .7rem .28rem 0;border-bottom:1px solid var(--line);vertical-align:top}"
    "tr:last-child td{border-bottom:0}td.ok,td.warn,td.fail,td.unknown,td "
    "span.ok,td span.warn,td span.fail{color:var(--c)}"
    "svg{display:block;width:100%;height:16px;border-radius:4px;background:var(--line)}"
    "svg .ok{fill:var(--ok)}svg .warn{fill:var(--warn)}svg .fail{fill:var(--fail)}"
    "svg .unknown{fill:var(--unknown)}"
    ".h{display:grid;grid-template-columns:5.5rem 1fr;gap:.35rem .6rem;align-items:center;"
    "font-size:.87rem}"
    "footer{padding-top:.6rem!important;padding-bottom:2rem!important}"
    "@media(max-width:40rem){summary{grid-template-columns:auto 1fr auto;gap:.1rem .7rem}"
    "summary>.a{grid-column:1/-1;grid-row:2}summary>.w{grid-column:1/-1}.l{font-size:.74rem}"
    ".l .skip i{font-size:0}.l .skip i::after{content:'\\2013';font-size:.8rem}"
    "nav form{margin-left:0;width:100%}input{flex:1;width:auto}.b{padding:0 .7rem .8rem}"
    "th{display:none}table,tr,td{display:block}tr{border-bottom:1px solid "
    "var(--line);padding:.3rem 0}tr:last-child,tr:first-child{border-bottom:0}"
    "td{border-bottom:0;padding:.1rem 0 .1rem 5.2rem;position:relative;overflow-wrap:anywhere}"
    "td::before{content:attr(data-c);position:absolute;left:0;color:var(--dim)}"
    ".h{grid-template-columns:1fr}}";

const char *page_style_source(void)
{
    static char source[64];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char encoded[48];
    unsigned length = 0;

    if (!*source &&
        EVP_Digest(page_style, sizeof(page_style) - 1, digest, &length, EVP_sha256(), NULL) == 1) {
        EVP_EncodeBlock(encoded, digest, (int)length);
        snprintf(source, sizeof(source), "'sha256-%s'", (const char *)encoded);
    }
    return *source ? source : "'none'";
}
