#include "CFFmpeg.h"

#include <dlfcn.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavfilter/version_major.h>
#include <pthread.h>
#include <stdio.h>

#define STRING_OF(value) #value
#define NAME_OF_LIBRARY(version) "libavfilter.so." STRING_OF(version)

// The functions of the library, with the types of its headers.
static struct {
  __typeof__(&avfilter_graph_alloc) graph_alloc;
  __typeof__(&avfilter_graph_free) graph_free;
  __typeof__(&avfilter_get_by_name) get_by_name;
  __typeof__(&avfilter_graph_create_filter) create_filter;
  __typeof__(&avfilter_link) link;
  __typeof__(&avfilter_graph_config) config;
  __typeof__(&av_buffersrc_add_frame) add_frame;
  __typeof__(&av_buffersink_get_frame) get_frame;
} library;

static int is_loaded = 0;
static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load(void) {
  void *handle = dlopen(NAME_OF_LIBRARY(LIBAVFILTER_VERSION_MAJOR), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  library.graph_alloc = (__typeof__(library.graph_alloc))dlsym(handle, "avfilter_graph_alloc");
  library.graph_free = (__typeof__(library.graph_free))dlsym(handle, "avfilter_graph_free");
  library.get_by_name = (__typeof__(library.get_by_name))dlsym(handle, "avfilter_get_by_name");
  library.create_filter = (__typeof__(library.create_filter))dlsym(handle, "avfilter_graph_create_filter");
  library.link = (__typeof__(library.link))dlsym(handle, "avfilter_link");
  library.config = (__typeof__(library.config))dlsym(handle, "avfilter_graph_config");
  library.add_frame = (__typeof__(library.add_frame))dlsym(handle, "av_buffersrc_add_frame");
  library.get_frame = (__typeof__(library.get_frame))dlsym(handle, "av_buffersink_get_frame");
  is_loaded = library.graph_alloc && library.graph_free && library.get_by_name && library.create_filter && library.link &&
              library.config && library.add_frame && library.get_frame;
}

int cffmpeg_has_filters(void) {
  pthread_once(&loading, load);
  return is_loaded;
}

int cffmpeg_open_filter(cffmpeg_filter_chain *chain, const AVFrame *frame, const char *name, const char *options, int threads) {
  *chain = (cffmpeg_filter_chain){0};
  if (!cffmpeg_has_filters()) return AVERROR_FILTER_NOT_FOUND;
  const AVFilter *filter = library.get_by_name(name);
  const AVFilter *source = library.get_by_name("buffer");
  const AVFilter *sink = library.get_by_name("buffersink");
  if (!filter || !source || !sink) return AVERROR_FILTER_NOT_FOUND;
  chain->graph = library.graph_alloc();
  if (!chain->graph) return AVERROR(ENOMEM);
  chain->graph->nb_threads = threads;
  char format[128];
  snprintf(format, sizeof(format), "video_size=%dx%d:pix_fmt=%d:time_base=1/1:pixel_aspect=%d/%d", frame->width, frame->height,
           frame->format, frame->sample_aspect_ratio.num, frame->sample_aspect_ratio.den > 0 ? frame->sample_aspect_ratio.den : 1);
  AVFilterContext *middle = NULL;
  int status = library.create_filter(&chain->source, source, "in", format, NULL, chain->graph);
  if (status >= 0) status = library.create_filter(&middle, filter, name, options, NULL, chain->graph);
  if (status >= 0) status = library.create_filter(&chain->sink, sink, "out", NULL, NULL, chain->graph);
  if (status >= 0) status = library.link(chain->source, 0, middle, 0);
  if (status >= 0) status = library.link(middle, 0, chain->sink, 0);
  return status < 0 ? status : library.config(chain->graph, NULL);
}

void cffmpeg_close_filter(cffmpeg_filter_chain *chain) {
  if (chain->graph) library.graph_free(&chain->graph);
  *chain = (cffmpeg_filter_chain){0};
}

int cffmpeg_filter_send(const cffmpeg_filter_chain *chain, AVFrame *frame) { return library.add_frame(chain->source, frame); }

int cffmpeg_filter_receive(const cffmpeg_filter_chain *chain, AVFrame *frame) { return library.get_frame(chain->sink, frame); }
