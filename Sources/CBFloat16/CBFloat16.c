#include "CBFloat16.h"
