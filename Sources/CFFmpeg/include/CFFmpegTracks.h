// Functions for sound, subtitles and side data: arrays and unions that Swift cannot import. Included by CFFmpeg.h.
#ifndef CFFMPEG_TRACKS_H
#define CFFMPEG_TRACKS_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>

/// Creates a converter from audio like that of `frame` to `layout`, `format` and `rate`; NULL if libav cannot convert
/// it.
struct SwrContext *cffmpeg_new_resampler(const AVFrame *frame, AVChannelLayout *layout, enum AVSampleFormat format,
                                         int rate);
/// Converts the audio of `frame`, or what the converter holds back if it is NULL, and returns the number of samples per
/// channel written to `target`, which has room for `capacity`, or a negative error code.
int cffmpeg_resample(struct SwrContext *context, const AVFrame *frame, uint8_t **target, int capacity);
static inline int cffmpeg_frame_channels(const AVFrame *frame) { return frame->ch_layout.nb_channels; }

/// The usual layout of a number of channels. Owns no memory.
static inline AVChannelLayout cffmpeg_default_layout(int channels) {
  AVChannelLayout layout = {0};
  av_channel_layout_default(&layout, channels);
  return layout;
}
/// Whether a layout names its speakers.
static inline int cffmpeg_layout_is_native(const AVChannelLayout *layout) {
  return layout->order == AV_CHANNEL_ORDER_NATIVE;
}

/// Configures an encoder or a frame for audio of this kind. `layout` owns no memory.
void cffmpeg_set_audio(AVCodecContext *context, AVChannelLayout layout, enum AVSampleFormat format, int rate);
void cffmpeg_set_audio_frame(AVFrame *frame, AVChannelLayout layout, enum AVSampleFormat format, int rate, int samples);

/// Appends the samples of `frame` to a queue. Returns a negative error code on failure.
int cffmpeg_fifo_write(AVAudioFifo *fifo, AVFrame *frame);
/// Moves up to `frame->nb_samples` samples to a frame and returns their number, or a negative error code.
int cffmpeg_fifo_read(AVAudioFifo *fifo, AVFrame *frame);
/// Fills a frame with silence.
int cffmpeg_silence(AVFrame *frame);

/// Gives `target` the closed captions, active format, pan and scan and time code of `source`, shared, instead of its
/// own. Returns a negative error code on failure.
int cffmpeg_share_ancillary_data(AVFrame *target, const AVFrame *source);

#endif
