import HummingbirdTLS

/// The certificate and the private key with which a server speaks TLS.
package struct ServerIdentity: Sendable {
  let configuration: TLSConfiguration

  /// Reads the files, both in PEM format. The certificate may be followed by those of its issuers.
  ///
  /// - Throws: ``LiveServerError/unusableFile(name:reason:)`` if a file cannot be read.
  package init(certificateFile: String, keyFile: String) throws(LiveServerError) {
    let certificates: [NIOSSLCertificate]
    do { certificates = try NIOSSLCertificate.fromPEMFile(certificateFile) } catch {
      throw .unusableFile(name: certificateFile, reason: "expected a certificate in PEM format")
    }
    guard !certificates.isEmpty else {
      throw .unusableFile(name: certificateFile, reason: "it has no certificate; expected one in PEM format")
    }
    let key: NIOSSLPrivateKey
    do { key = try NIOSSLPrivateKey(file: keyFile, format: .pem) } catch {
      throw .unusableFile(name: keyFile, reason: "expected a private key without a passphrase in PEM format")
    }
    configuration = .makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
  }
}
