import FFmpeg

/// What a picture file says besides its samples.
package struct PictureMetadata: Equatable, Sendable {
  /// The ICC profile of RGB samples; nil if there is none.
  package var iccProfile: [UInt8]?
  /// The EXIF data of the upright picture; nil if there is none.
  package var exif: ExifData?
  /// The attributes of an OpenEXR file that describe the picture.
  package var openEXRAttributes: [UInt8] = []
  /// Whether the source has an ICC profile that does not describe RGB samples, which is left out.
  package var hasForeignProfile = false

  /// Creates metadata.
  package init(iccProfile: [UInt8]? = nil, exif: ExifData? = nil) {
    self.iccProfile = iccProfile
    self.exif = exif
  }

  /// Reads the metadata of a decoded picture of the file at `path`.
  init(_ frame: Frame, _ orientation: ExifOrientation, path: String) {
    openEXRAttributes = frame.openEXRAttributes
    exif = StoredExif(path: path)?.data?.upright(from: orientation)
    guard let profile = frame.iccProfile, profile.count >= 128 else { return }
    // Bytes 16 to 19 of the header name the colour space (ICC.1, 7.2.8).
    if Array(profile[16..<20]) == Array("RGB ".utf8) { iccProfile = profile } else { hasForeignProfile = true }
  }
}

extension PictureFormat {
  /// Whether files of the format can hold an ICC profile.
  package var holdsProfiles: Bool { [.png, .jpeg, .tiff, .webp].contains(self) }
  /// Whether files of the format can hold EXIF data.
  package var holdsExif: Bool { [.png, .jpeg, .tiff, .webp].contains(self) }

  /// Returns what a file of the format cannot keep of a picture, each as the end of a sentence that names the file.
  ///
  /// - Parameters:
  ///   - isOpaque: Whether the picture has no alpha.
  ///   - background: What the picture is composited over if the format has no alpha.
  package func losses(of metadata: PictureMetadata, isOpaque: Bool, background: String) -> [String] {
    var losses: [String] = []
    if !isOpaque, !hasAlpha {
      losses.append("the format has no transparency, so the picture was composited over \(background)")
    }
    if metadata.hasForeignProfile {
      losses.append("the colour profile is left out; it does not describe RGB samples, which the picture has")
    } else if metadata.iccProfile != nil, !holdsProfiles {
      losses.append("the colour profile is left out; PNG, JPEG, TIFF and WebP keep it")
    }
    return losses
  }

  /// Returns an encoded file with the parts of `metadata` that libav's encoder does not write: EXIF, the profile of
  /// WebP and TIFF, and the attributes of OpenEXR.
  func adding(_ metadata: PictureMetadata, to file: [UInt8], width: Int, height: Int, hasAlpha: Bool) -> [UInt8] {
    let exif = metadata.exif?.bytes
    switch self {
    case .png:
      guard let exif else { return file }
      // The signature and the header come first: 8 bytes, and 25.
      return Array(file[..<33]) + Self.chunk("eXIf", exif) + file[33...]
    case .jpeg:
      guard let exif, exif.count + 8 <= 0xFFFF else { return file }
      let length = exif.count + 8
      return Array(file[..<2]) + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + Array("Exif\0\0".utf8) + exif
        + file[2...]
    case .webp:
      guard exif != nil || metadata.iccProfile != nil else { return file }
      return Self.webP(file, metadata, width: width, height: height, hasAlpha: hasAlpha)
    case .tiff: return Self.tiff(file, metadata)
    case .exr: return OpenEXRHeader.inserting(metadata.openEXRAttributes, into: file)
    case .bmp, .ppm: return file
    }
  }

  /// A chunk of PNG: the length, the name, the data and their CRC-32 (ISO 15948, annex D).
  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    let content = Array(name.utf8) + data
    var crc = UInt32.max
    for byte in content {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return word(UInt32(data.count)) + content + word(~crc)
  }

  /// A WebP file in the extended format: the header chunk `VP8X`, the profile, the picture, the EXIF data.
  private static func webP(
    _ file: [UInt8], _ metadata: PictureMetadata, width: Int, height: Int, hasAlpha: Bool
  ) -> [UInt8] {
    func word(_ value: Int, _ count: Int = 4) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      Array(name.utf8) + word(data.count) + data + (data.count % 2 == 1 ? [0] : [])
    }
    var picture = Array(file[12...])
    // The header chunk of the encoder is written again, with more flags.
    if picture.starts(with: Array("VP8X".utf8)) { picture.removeFirst(18) }
    let flags =
      (metadata.iccProfile == nil ? 0 : 0x20) | (hasAlpha ? 0x10 : 0) | (metadata.exif == nil ? 0 : 0x08)
    let header = [UInt8(flags), 0, 0, 0] + word(width - 1, 3) + word(height - 1, 3)
    let body =
      Array("WEBP".utf8) + chunk("VP8X", header) + (metadata.iccProfile.map { chunk("ICCP", $0) } ?? []) + picture
      + (metadata.exif.map { chunk("EXIF", $0.bytes) } ?? [])
    return Array("RIFF".utf8) + word(body.count) + body
  }

  /// A TIFF file whose directory is written again at its end, with the profile (tag 34675) and the EXIF data. The file
  /// is returned as it is if it has no directory.
  private static func tiff(_ file: [UInt8], _ metadata: PictureMetadata) -> [UInt8] {
    let isBigEndian = file.first == UInt8(ascii: "M")
    func number(_ offset: Int, _ count: Int) -> Int {
      guard offset + count <= file.count else { return 0 }
      return ExifData.number(file[offset..<offset + count], isBigEndian: isBigEndian)
    }
    let (profileTag, undefinedType) = (34_675, 7)
    let directory = number(4, 4)
    let count = number(directory, 2)
    let end = directory + 2 + 12 * count
    guard count > 0, end + 4 <= file.count else { return file }
    let stored = (0..<count).map { index in
      let place = directory + 2 + 12 * index
      return ExifDirectory.Entry(
        tag: number(place, 2), type: 0, count: 0, content: .stored(Array(file[place..<place + 12])))
    }
    var added = metadata.exif?.directory?.descriptive.entries ?? []
    if let profile = metadata.iccProfile, !stored.contains(where: { $0.tag == profileTag }) {
      added.append(
        ExifDirectory.Entry(tag: profileTag, type: undefinedType, count: profile.count, content: .values(profile)))
    }
    guard !added.isEmpty else { return file }
    let kept = stored.filter { entry in !added.contains { $0.tag == entry.tag } }
    // Directories begin at even offsets.
    let start = file.count + file.count % 2
    let place = ExifData.bytes(start, 4, isBigEndian: isBigEndian)
    return Array(file[..<4]) + place + file[8...] + (file.count % 2 == 1 ? [0] : [])
      + ExifDirectory(kept + added).serialized(at: start, isBigEndian: isBigEndian, next: Array(file[end..<end + 4]))
  }
}
