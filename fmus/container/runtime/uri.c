/* URIs of paths, as FMI 1.0 and 2.0 tell where files are. */
#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"

/* The URI of a path: all but letters, digits and a few more are percent-encoded. */
char *uri_of(const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~";
    char *uri = malloc(strlen(path) * 3 + 8);
    if (!uri) return NULL;
    char *end = uri + sprintf(uri, "file://");
    for (; *path; path++) end += sprintf(end, strchr(plain, *path) ? "%c" : "%%%02X", (unsigned char)*path);
    *end = '\0';
    return uri;
}

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* The path that a file URI means; NULL for others. */
char *path_of(const char *uri)
{
    if (!uri || strncmp(uri, "file:/", 6)) return NULL;
    uri += 5;
    if (!strncmp(uri, "//", 2) && !(uri = strchr(uri + 2, '/'))) return NULL; /* an authority, mostly empty */
    char *path = copied(uri), *end = path;
    if (!path) return NULL;
    for (; *uri; uri++) {
        int high = uri[0] == '%' ? hexadecimal(uri[1]) : -1, low = high < 0 ? -1 : hexadecimal(uri[2]);
        *end++ = low < 0 ? *uri : (char)(16 * high + low);
        if (low >= 0) uri += 2;
    }
    *end = '\0';
    return path;
}
