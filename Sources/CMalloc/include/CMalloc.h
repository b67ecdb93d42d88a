// The tuning functions of the C library's allocator, which Swift's Glibc module omits.
#ifndef CMALLOC_H
#define CMALLOC_H

#include <malloc.h>

#endif
