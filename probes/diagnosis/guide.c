/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/guide.h"

#include <ctype.h>
#include <string.h>

#include "probes/diagnosis/rules.h"
#include "probes/diagnosis/subject.h"
#include "probes/diagnosis/words.h"

enum guide_form { GUIDE_MARKDOWN, GUIDE_PLAIN };

/* In a sentence a placeholder is a word, such as "the address". */
static void put_word(struct text *text, const char *name, const void *context)
{
    const char *word = subject_word(name);

    (void)context;
    text_append(text, word ? word : name);
}

/* In the pattern of a pull error it is its own name in capitals. */
static void put_capitals(struct text *text, const char *name, const void *context)
{
    (void)context;
    if (strcmp(name, "error") == 0) {
        text_append(text, "dial tcp ADDRESS: i/o timeout");
        return;
    }
    for (; *name; name++)
        text_append_format(text, "%c", toupper((unsigned char)*name));
}

/* "Severity `fail`; confidence `likely` or `possible`.", as the rules have it. */
static void write_rank(struct text *text, enum cause cause)
{
    unsigned severities = 0;
    unsigned confidences = 0;
    const char *separator = "Severity ";

    for (size_t i = 0; i < rule_count; i++) {
        if (rules[i].cause != cause)
            continue;
        severities |= 1U << rules[i].severity;
        confidences |= 1U << rules[i].confidence;
    }
    for (unsigned i = 0; i <= SEVERITY_UNKNOWN; i++) {
        if (!(severities & 1U << i))
            continue;
        text_append_format(text, "%s`%s`", separator, severity_name((enum severity)i));
        separator = " or ";
    }
    separator = "; confidence ";
    for (unsigned i = 0; i <= CONFIDENCE_CERTAIN; i++) {
        if (!(confidences & 1U << i))
            continue;
        text_append_format(text, "%s`%s`", separator, confidence_name((enum confidence)i));
        separator = " or ";
    }
    if (severities)
        text_append(text, ".\n\n");
}

static void write_pulls(struct text *text, enum cause cause, enum guide_form form)
{
    const char *const *pulls = cause_words(cause)->pulls;
    bool marked = form == GUIDE_MARKDOWN;

    if (!pulls)
        return;
    text_append(text, marked ? "**A pull prints:**\n\n" : "\nA pull prints:\n");
    for (; *pulls; pulls++) {
        text_append(text, marked ? "- `" : "    ");
        template_write(text, *pulls, put_capitals, NULL);
        text_append(text, marked ? "`\n" : "\n");
    }
    text_append(text, marked ? "\n" : "");
}

/* "*(TCR)* " without its Markdown: "(TCR) ". */
static void write_condition(struct text *text, const char *condition, enum guide_form form)
{
    for (; *condition; condition++)
        if (form == GUIDE_MARKDOWN || *condition != '*')
            text_append_bytes(text, condition, 1);
}

/* How a step that is not for everybody begins, by the fact that it depends on. */
static const struct {
    enum fact fact;
    const char *if_all;
    const char *if_none;
} conditions[] = {
    {FACT_USED_PRIVATE, "*(403 on a private path)* ", ""},
    {FACT_FORBIDDEN_CLIENT, "*(the registry answers 403)* ", ""},
    {FACT_LITERAL, "*(the target is an address)* ", ""},
    {FACT_HEALTHY, "*(pulls work)* ", ""},
    {FACT_NO_ROUTE, "*(no route for the address)* ", ""},
    {FACT_REMOTE_NO_ROUTE, "*(no route for its address)* ", ""},
    {FACT_RESOLVER_NO_ROUTE, "*(no route to the resolver)* ", ""},
    {FACT_PROXY_UPSTREAM, "*(HTTP 502, 503 or 504)* ", ""},
    {FACT_PROHIBITED, "*(this machine forbids it)* ", ""},
    {FACT_RESOLVER_LOOPBACK, "*(a resolver on this machine)* ", ""},
    {FACT_IMAGE_UNSEEN, "*(the image could not be looked into)* ", ""},
    {FACT_REMOTE_LITERAL, "*(written as an address)* ", ""},
    {FACT_MIRRORS_FAIL, "*(several mirrors)* ", ""},
    {FACT_PROXY_BY_OPTION, "*(the option proxy names it)* ", "*(another setting names it)* "},
    {FACT_NO_PROXY_THERE, "*(HTTP 400, 404, 405 or 501)* ", ""},
    {FACT_PROXY_UNREADABLE, "*(no answer, or no HTTP)* ", ""},
    {FACT_NAME_REJECTED, "*(an alert: unrecognized name)* ", ""},
    {FACT_SOME_CLIENTS_REFUSE, "*(TLS)* ", ""},
    {FACT_PING_FAILS, "*(/v2/ fails)* ", ""},
    {FACT_DIFFERENCE(CHALLENGE), "*(two challenges)* ", ""},
    {FACT_DIFFERENCE(LAYERS), "*(only layers are closed)* ", ""},
    {FACT_DIFFERENCE(SCOPE), "*(another scope)* ", ""},
    {FACT_DIFFERENCE(KEY_ORDER), "*(several keys)* ", ""},
    {FACT_DIFFERENCE(HEADERS), "*(a broken header)* ", ""},
    {FACT_PROXY_SCHEME_NEW, "*(the scheme of the proxy's URL)* ", ""},
    {FACT_DIFFERENCE(TOKEN_END), "*(a damaged token answer)* ", ""},
    {FACT_DIFFERENCE(URLS), "*(a URL in the manifest)* ", ""},
    {FACT_DIFFERENCE(CUT), "*(answers are cut off)* ", ""},
    {FACT_DIFFERENCE(BROKEN), "*(a server error)* ", ""},
    {FACT_DIFFERENCE(LATE), "*(HTTP 408)* ", ""},
    {FACT_DIFFERENCE(STATUS), "*(another status than 200)* ", ""},
    {FACT_DIFFERENCE(TOKENS), "*(two tokens)* ", ""},
    {FACT_DIFFERENCE(NESTED), "*(an index in an index)* ", ""},
    {FACT_DIFFERENCE(PLATFORM), "*(the platform)* ", ""},
    {FACT_DIFFERENCE(TYPE), "*(two media types)* ", ""},
    {FACT_DIFFERENCE(OFFER), "*(Basic before Bearer)* ", ""},
    {FACT_DIFFERENCE(REFUSED), "*(a token is refused at first)* ", ""},
    {FACT_DIFFERENCE(REDIRECT), "*(a redirect)* ", ""},
    {FACT_OTHER_PATH_WORKS, "*(another resolver's address works)* ", ""},
    {FACT_SEARCH_UNANSWERED, "*(names of the search list get no answer)* ", ""},
    {FACT_DNS_NOT_ASKED, "*(nsswitch.conf names no dns)* ", ""},
    {FACT_OTHER_HAS_ADDRESS, "*(another resolver has an address)* ", ""},
    {FACT_OTHER_RESOLVER, "*(pulls ask another resolver)* ", ""},
    {FACT_LINKAGE_SILENT, "*(a linkage address is configured)* ", ""},
    {FACT_LINKAGE_NAME_SILENT, "*(the linkage is silent)* ", ""},
    {FACT_LINKAGE_ELSEWHERE, "*(the linkage has another address)* ", ""},
    {FACT_OTHER_PORT, "*(TCR, another port than 443)* ", ""},
    {FACT_LINKAGE_SEEN, "*(a linkage is there)* ", ""},
    {FACT_EGRESS_KNOWN, "*(your address is known)* ", ""},
    {FACT_INTERNET_TRIED, "", "*(no internet controls)* "},
    {FACT_VPC_TRIED, "", "*(no vpc control)* "},
    {FACT_LOOPBACK_ANSWER, "*(a loopback address)* ", ""},
    {FACT_NO_KEY_GIVEN, "*(no docker config given)* ", "*(a docker config given)* "},
    {FACT_REMOTE_HANDSHAKE, "*(TLS fails there)* ", ""},
    {FACT_REALM_PUBLIC, "*(a public address)* ", ""},
    {FACT_REALM_INTERNAL, "*(an internal address)* ", ""},
    {FACT_PROXY_WANTS_KEY, "*(it wants a key)* ", ""},
    {FACT_PROXY_PLAIN, "*(plain HTTP)* ", ""},
    {FACT_PROXY_UNTRUSTED, "*(an unknown authority)* ", "*(another name, or other dates)* "},
    {FACT_BLOB_PUBLIC, "*(a public address)* ", ""},
    {FACT_BLOB_ELSEWHERE, "*(a redirect to a store)* ", "*(the registry gives layers itself)* "},
    {FACT_REMOTE_MISNAMED, "*(its name has no usable address)* ", ""},
    {FACT_BLOB_INTERNAL, "*(an internal address)* ", ""},
    {FACT_RETRY_AFTER, "*(the answer says how long)* ", ""},
    {FACT_TCR, "*(TCR)* ", "*(other registries)* "},
    {FACT_TENCENT, "*(TCR)* ", "*(other registries)* "},
};

/* The condition of a step that is not for everybody. */
static const char *condition_of(const struct line *line)
{
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
        for (size_t n = 0; n < LINE_MAX_FACTS; n++) {
            if (line->all[n] == conditions[i].fact && conditions[i].if_all[0])
                return conditions[i].if_all;
            if (line->none[n] == conditions[i].fact && conditions[i].if_none[0])
                return conditions[i].if_none;
        }
    return "";
}

static void write_steps(struct text *text, enum cause cause, enum guide_form form)
{
    const struct line *const *lists = cause_words(cause)->steps;
    bool marked = form == GUIDE_MARKDOWN;
    unsigned number = 0;

    text_append(text, marked ? "**How to fix it.**\n\n" : "\nHow to fix it:\n");
    for (size_t i = 0; lists[i]; i++) {
        for (const struct line *line = lists[i]; line->text; line++) {
            if (line->text[strlen(line->text) - 1] == ':') {
                text_append_format(text, marked ? "%s%s\n\n" : "%s%s\n", number ? "\n" : "",
                                   line->text);
                number = 0;
                continue;
            }
            text_append_format(text, "%u. ", ++number);
            write_condition(text, condition_of(line), form);
            template_write(text, line->text, put_word, NULL);
            text_append(text, "\n");
        }
    }
    text_append(text, marked ? "\n" : "");
}

static void write_check(struct text *text, enum cause cause)
{
    unsigned check = cause_words(cause)->check;

    text_append_format(text, "    tcr-probe check%s%s REGISTRY%s\n",
                       check & CHECK_WITH_PROFILE ? " --profile tke-serverless" : "",
                       check & CHECK_WITH_KEY ? " --docker-config FILE" : "",
                       check & CHECK_WITH_IMAGE ? "/REPOSITORY:TAG" : "");
}

void guide_write_plain(struct text *text, enum cause cause)
{
    const struct cause_words *words = cause_words(cause);

    text_append_format(text, "%s: %s\n\nTo see whether it is this, run where the pull fails:\n",
                       cause_name(cause), words->title);
    write_check(text, cause);
    write_steps(text, cause, GUIDE_PLAIN);
    text_append_format(text, "\nTo verify the fix, check again. %s\n\nWhy: %s\n", words->verify,
                       words->why);
    write_pulls(text, cause, GUIDE_PLAIN);
}

void guide_write(struct text *text, enum cause cause)
{
    const struct cause_words *words = cause_words(cause);

    text_append_format(text, "## %s\n\n%s\n\n", cause_name(cause), words->title);
    write_rank(text, cause);
    write_pulls(text, cause, GUIDE_MARKDOWN);
    text_append_format(text, "**Why.** %s\n\n", words->why);
    write_steps(text, cause, GUIDE_MARKDOWN);
    text_append_format(text, "**How to verify.** %s\n\n", words->verify);
    write_check(text, cause);
}

/* The vendor's labels in both languages, since its consoles speak either. */
static void write_labels(struct text *text)
{
    static const char *const labels[][2] = {
        {"TCR console", "容器镜像服务控制台"},
        {"instance; Region", "实例；地域"},
        {"Access Control > Private network", "访问控制 > 内网访问"},
        {"Access Control > Public network", "访问控制 > 公网访问"},
        {"Create; Create a private network access linkage", "新建；新建内网访问链路"},
        {"Access Linkage Status: Normal linkage", "访问链路状态：链路正常"},
        {"Private network parse IP", "内网解析 IP"},
        {"Manage Auto-parsing", "管理自动解析"},
        {"DNS Service; Activate Service", "解析服务；开通服务"},
        {"Resolution Configuration; Advanced Configuration", "解析配置；高级配置"},
        {"Open internet access entry; Enabling", "开启公网访问入口；开启中"},
        {"Add a public IP to allowlist", "添加公网白名单"},
        {"NAT Gateway; EIP", "NAT 网关；弹性公网 IP"},
        {"Route Tables; New routing policies", "路由表；新增路由策略"},
        {"Associate subnets", "关联子网"},
        {"security group; outbound rule; network ACL", "安全组；出站规则；网络 ACL"},
        {"Access Credential; Image Access Credential", "访问凭证；镜像访问凭证"},
        {"Namespace", "命名空间"},
        {"Deployment security", "部署安全"},
    };

    text_append(text, "\n## Labels in the consoles\n\n| English | Chinese |\n|---|---|\n");
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        text_append_format(text, "| %s | %s |\n", labels[i][0], labels[i][1]);
}

void guide_write_all(struct text *text)
{
    text_append(
        text,
        "# Causes\n\n"
        "All causes that tcr-probe names. If several apply, you see failures first, then the "
        "others\n"
        "in this order. Words in capitals stand for values that you know or that were measured.\n"
        "`tcr-probe explain CAUSE` prints one of these pages for you. This file is generated; "
        "after a\n"
        "change of the words run `cmake --build --preset dev --target causes-md`.\n\n");
    for (size_t i = 0; i < CAUSE_COUNT; i++)
        text_append_format(text, "- [%s](#%s): %s\n", cause_name((enum cause)i),
                           cause_name((enum cause)i), cause_words((enum cause)i)->title);
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        text_append(text, "\n");
        guide_write(text, (enum cause)i);
    }
    write_labels(text);
}
