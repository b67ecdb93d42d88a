// The settings of the C library's allocator, which Swift's module of that library leaves out.
#ifndef CMALLOC_H
#define CMALLOC_H

#include <malloc.h>

#endif
