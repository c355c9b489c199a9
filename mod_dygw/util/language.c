/* SPDX-License-Identifier: Apache-2.0
 * Accept-Language: "en-GB, en;q=0.9, zh;q=0.5". It is a wish, so nothing in it is an error. */
#include "util/language.h"

#include <string.h>

#define BLANKS "\t "
#define FULL   1000 /* q=1, in thousandths */
#define UNSAID (-1)

/* How much a language is liked, and which range of the header said so. */
typedef struct liked_t {
    int quality; /* in thousandths; UNSAID: no range names it */
    int place;
} liked_t;

static char lower_letter(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Whether the range at text is of this language: "zh", "zh-Hans-CN", "zh_CN". */
static int is_language(const char *text, const char *language)
{
    while (*language && lower_letter(*text) == *language) {
        text++;
        language++;
    }
    return *language == '\0' && (*text == '\0' || strchr(BLANKS "-_;,", *text));
}

/* Reads what is behind "q=", up to three digits behind the point; UNSAID: that is none. */
static int read_quality(const char *text)
{
    int quality = *text == '1' ? FULL : 0;
    int worth = FULL / 10;

    if (*text != '0' && *text != '1') {
        return UNSAID;
    }
    text++;
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && worth > 0; text++) {
            quality += (*text - '0') * worth;
            worth /= 10;
        }
    }
    text += strspn(text, BLANKS);
    return quality <= FULL && (*text == '\0' || *text == ',') ? quality : UNSAID;
}

/* The quality of the range at text, which ends at a comma or with the header. */
static int quality_of_range(const char *text)
{
    const char *end = text + strcspn(text, ";,");

    if (*end != ';') {
        return FULL;
    }
    end++;
    end += strspn(end, BLANKS);
    return lower_letter(*end) == 'q' && end[1] == '=' ? read_quality(end + 2) : UNSAID;
}

static void take_range(liked_t *liked, int quality, int place)
{
    if (liked && quality > liked->quality) {
        *liked = (liked_t){ quality, place };
    }
}

/* What is said of all others counts for a language that is not named. */
static liked_t liked_or(liked_t named, liked_t any)
{
    return named.quality == UNSAID ? any : named;
}

int dygw_prefers_english(const char *header)
{
    liked_t english = { UNSAID, 0 }, chinese = { UNSAID, 0 }, any = { UNSAID, 0 };
    int place;

    for (place = 0; header && *header; place++) {
        header += strspn(header, BLANKS);
        take_range(is_language(header, "en")   ? &english
                   : is_language(header, "zh") ? &chinese
                   : is_language(header, "*")  ? &any
                                               : NULL,
                   quality_of_range(header), place);
        header += strcspn(header, ",");
        header += *header == ',';
    }
    english = liked_or(english, any);
    chinese = liked_or(chinese, any);
    return english.quality > 0
           && (english.quality > chinese.quality
               || (english.quality == chinese.quality && english.place < chinese.place));
}
