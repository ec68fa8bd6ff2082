/* URIs of paths. */
#ifndef URI_H
#define URI_H

char *uri_of(const char *path); /* to be freed; NULL without memory */
char *path_of(const char *uri); /* the same; NULL for one that is no file's, too */

#endif
