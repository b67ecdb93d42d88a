// What the compiler's library lacks: WebCodecs, and canvases of workers.
declare var VideoDecoder: any;
declare var AudioDecoder: any;
declare var EncodedVideoChunk: any;
declare var EncodedAudioChunk: any;
declare type VideoFrame = any;
declare var OffscreenCanvas: any;
declare type OffscreenCanvas = any;
