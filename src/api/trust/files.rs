//! A trust store of files: a bundle of certificates, folders of single ones, or both.
//!
//! To read all of it takes longer than the rest of an exchange, and hardly any of it ever
//! matters: a root vouches for a certificate only where its subject is, byte for byte, the issuer
//! that a certificate of the server names. So the bundle's roots with such a name are tried
//! first. Where they do not do, for whatever reason, the whole store decides.

use std::env;
use std::fs;
use std::io::BufRead;
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_native_certs::{CertificateResult, load_native_certs};
use webpki::{EndEntityCert, anchor_from_trusted_cert};

use super::judge;

/// How the error for an empty trust store begins.
pub const EMPTY_STORE: &str = "the trust store holds no certificate";

/// Judges by a store of files, read when there is a certificate to judge and not before.
#[derive(Debug)]
pub struct FileStore {
    provider: Arc<CryptoProvider>,
}

impl FileStore {
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider }
    }
}

/// The verdict of the whole store, by way of the bundle where that is enough.
///
/// A chain that ends in a few of the store's roots ends in the store, so that an acceptance needs
/// no second look. A refusal gets one: the root may be in a folder, or in a part of the bundle
/// that `roots_for` can't read, and what the user is told must not depend on a short cut.
fn verdict<T>(
    presented: &[&CertificateDer<'_>],
    bundle: Option<&Path>,
    whole: impl FnOnce() -> CertificateResult,
    verify: impl Fn(RootCertStore) -> Result<T, Error>,
) -> Result<T, Error> {
    // What is no file, say a pipe, can be read only once.
    let bundle = bundle.filter(|path| path.is_file()).and_then(|path| fs::read(path).ok());
    if let Some(pem) = bundle {
        let roots = roots_for(presented, &pem);
        if let Ok(verified) = verify(roots) {
            return Ok(verified);
        }
    }
    verify(all_roots(whole())?)
}

fn all_roots(mut found: CertificateResult) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.pop().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(Error::General(format!("{EMPTY_STORE}{reason}")));
    }
    Ok(roots)
}

/// Where the bundle is, as rustls-native-certs finds it; its folders are left to it.
fn bundle() -> Option<PathBuf> {
    if let Some(file) = env::var_os("SSL_CERT_FILE") {
        return Some(file.into());
    }
    let folders = env::var_os("SSL_CERT_DIR").unwrap_or_default();
    if env::split_paths(&folders).any(|folder| !folder.as_os_str().is_empty()) {
        return None;
    }
    default_bundle()
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn default_bundle() -> Option<PathBuf> {
    openssl_probe::probe().cert_file
}

/// Without variables the system itself is asked, and no file.
#[cfg(any(windows, target_vendor = "apple"))]
fn default_bundle() -> Option<PathBuf> {
    None
}

/// The roots among PEM blocks that one of these certificates names as its issuer.
///
/// Reads what is written as usual, and stops where it is not: to trust a root that
/// rustls-native-certs would not find in the same text would be a fault, to miss one is none.
fn roots_for(presented: &[&CertificateDer<'_>], mut pem: &[u8]) -> RootCertStore {
    let presented: Vec<EndEntityCert<'_>> = presented
        .iter()
        .filter_map(|certificate| EndEntityCert::try_from(*certificate).ok())
        .collect();
    let is_named = |root: &TrustAnchor<'_>| {
        presented.iter().any(|certificate| certificate.issuer() == root.subject.as_ref())
    };
    let mut roots = RootCertStore::empty();
    // The kind of the block that the line is in, as its first line has it; empty outside.
    let mut kind = Vec::new();
    let (mut line, mut base64, mut der) = (Vec::new(), Vec::new(), Vec::new());
    // Not split(), which looks at every byte by itself: this finds a line's end by memchr.
    while let Ok(1..) = pem.read_until(b'\n', &mut line) {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if let Some(begun) = text.strip_prefix(b"-----BEGIN ") {
            if !kind.is_empty() {
                break;
            }
            kind.extend_from_slice(begun);
        } else if let Some(ended) = text.strip_prefix(b"-----END ") {
            if kind != ended {
                break;
            }
            if ended == b"CERTIFICATE-----" {
                if STANDARD.decode_vec(&base64, &mut der).is_err() {
                    break;
                }
                let certificate = CertificateDer::from(der.as_slice());
                let root = anchor_from_trusted_cert(&certificate).ok();
                roots.extend(root.filter(is_named).map(|root| root.to_owned()));
            }
            kind.clear();
            base64.clear();
            der.clear();
        } else if !kind.is_empty() {
            base64.extend_from_slice(text);
        } else if text.contains(&b'\r') {
            // It ends a line, too, and a block may begin behind it.
            break;
        }
        line.clear();
    }
    roots
}

impl ServerCertVerifier for FileStore {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented: Vec<_> = iter::once(end_entity).chain(intermediates).collect();
        verdict(&presented, bundle().as_deref(), load_native_certs, |roots| {
            judge(Arc::new(roots), self.provider.clone())?.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            )
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Write;
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData,
        date_time_ymd,
    };
    use rustls::pki_types::pem::PemObject;
    use rustls_native_certs::load_certs_from_paths;
    use tempfile::TempDir;

    use super::*;

    type Der = CertificateDer<'static>;

    /// A certificate authority.
    struct Authority {
        params: CertificateParams,
        key: KeyPair,
    }

    impl Authority {
        fn new(name: &str) -> Self {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            Self { params, key: KeyPair::generate().unwrap() }
        }

        fn root(&self) -> String {
            self.params.self_signed(&self.key).unwrap().pem()
        }

        fn sign(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Der {
            let issuer = Issuer::from_params(&self.params, &self.key);
            params.signed_by(key, &issuer).unwrap().der().clone()
        }

        fn sign_authority(&self, other: &Self) -> Der {
            self.sign(&other.params, &other.key)
        }

        fn sign_server(&self) -> Der {
            let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            self.sign(&params, &KeyPair::generate().unwrap())
        }
    }

    /// A bundle and a folder.
    struct Store(TempDir);

    impl Store {
        fn new(bundle: impl AsRef<[u8]>) -> Self {
            let store = Self(TempDir::new().unwrap());
            fs::create_dir(store.folder()).unwrap();
            fs::write(store.bundle(), bundle).unwrap();
            store
        }

        fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
            fs::write(self.folder().join(name), content).unwrap();
            self
        }

        fn bundle(&self) -> PathBuf {
            self.0.path().join("bundle.pem")
        }

        fn folder(&self) -> PathBuf {
            self.0.path().join("certs")
        }

        /// The verdict, which is held to that of the whole store, and whether that was read.
        fn judge(&self, presented: &[Der]) -> (Result<(), Error>, bool) {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let (end_entity, intermediates) = presented.split_first().unwrap();
            let verify = |roots| {
                let judge = judge(Arc::new(roots), provider.clone())?;
                let name = ServerName::try_from("localhost").unwrap();
                let now = UnixTime::now();
                judge.verify_server_cert(end_entity, intermediates, &name, &[], now).map(drop)
            };
            let whole_read = Cell::new(false);
            let whole = || {
                whole_read.set(true);
                load_certs_from_paths(Some(&self.bundle()), Some(&self.folder()))
            };
            let expected = all_roots(whole()).and_then(verify);
            whole_read.set(false);
            let presented: Vec<_> = presented.iter().collect();
            let verdict = verdict(&presented, Some(&self.bundle()), whole, verify);
            assert_eq!(format!("{verdict:?}"), format!("{expected:?}"));
            (verdict, whole_read.get())
        }

        #[track_caller]
        fn accepts_by_bundle(&self, presented: &[Der]) {
            assert_eq!(self.judge(presented), (Ok(()), false));
        }

        #[track_caller]
        fn accepts_by_whole_store(&self, presented: &[Der]) {
            assert_eq!(self.judge(presented), (Ok(()), true));
        }

        #[track_caller]
        fn refuses(&self, presented: &[Der]) -> String {
            let (verdict, whole_read) = self.judge(presented);
            assert!(whole_read, "a refusal without a look at the whole store");
            verdict.unwrap_err().to_string()
        }
    }

    #[test]
    fn a_root_among_others_in_the_bundle_is_enough() {
        let (root, other) = (Authority::new("root"), Authority::new("other"));
        let store = Store::new(other.root() + &root.root() + &Authority::new("third").root());
        store.accepts_by_bundle(&[root.sign_server()]);
        store.accepts_by_bundle(&[other.sign_server()]);
        store.refuses(&[Authority::new("foreign").sign_server()]);
    }

    #[test]
    fn an_intermediate_leads_to_its_root() {
        let [root, middle, low] = ["root", "middle", "low"].map(Authority::new);
        let store = Store::new(root.root());
        let (leaf, middle) =
            ([low.sign_server()], [middle.sign_authority(&low), root.sign_authority(&middle)]);
        store.accepts_by_bundle(&[&leaf[..], &middle].concat());
        store.refuses(&[&leaf[..], &middle[..1]].concat());
        store.refuses(&leaf);
    }

    #[test]
    fn a_cross_signed_intermediate_leads_to_the_root_that_is_there() {
        let [old, new, middle] = ["old", "new", "middle"].map(Authority::new);
        let leaf = middle.sign_server();
        let (by_old, by_new) = (old.sign_authority(&middle), new.sign_authority(&middle));
        for root in [&old, &new] {
            let store = Store::new(root.root());
            store.accepts_by_bundle(&[leaf.clone(), by_old.clone(), by_new.clone()]);
            store.accepts_by_bundle(&[leaf.clone(), by_new.clone(), by_old.clone()]);
        }
        Store::new(old.root()).refuses(&[leaf.clone(), by_new.clone()]);
        // The new root, itself signed by the old one.
        let cross = old.sign_authority(&new);
        Store::new(old.root()).accepts_by_bundle(&[leaf, by_new, cross]);
    }

    #[test]
    fn of_two_roots_with_one_name_the_one_with_the_key_counts() {
        let (right, wrong) = (Authority::new("root"), Authority::new("root"));
        let leaf = [right.sign_server()];
        Store::new(wrong.root() + &right.root()).accepts_by_bundle(&leaf);
        Store::new(right.root() + &wrong.root()).accepts_by_bundle(&leaf);
        Store::new(wrong.root()).refuses(&leaf);
        Store::new(wrong.root()).with("right.pem", right.root()).accepts_by_whole_store(&leaf);
    }

    #[test]
    fn a_root_in_the_folder_alone_is_found_whatever_lies_beside_it() {
        let root = Authority::new("root");
        let store = Store::new(Authority::new("other").root())
            .with("1f2e3d4c.0", root.root())
            .with("garbage.pem", b"-----BEGIN CERTIFICATE-----\n\xff\xfe\n")
            .with("README", "no certificate");
        fs::create_dir(store.folder().join("java")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("gone.pem", store.folder().join("aaaaaaaa.0")).unwrap();
        store.accepts_by_whole_store(&[root.sign_server()]);
        fs::remove_file(store.bundle()).unwrap();
        store.accepts_by_whole_store(&[root.sign_server()]);
    }

    #[test]
    fn a_bundle_may_be_written_in_many_ways() {
        let root = Authority::new("root");
        let leaf = [root.sign_server()];
        let pem = root.root().replace("\r\n", "\n");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let block = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        for usual in [
            pem.clone(),
            pem.trim_end().to_owned(),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\n\n"),
            block(&body),
            format!("# Root of trust – Prüfstelle\n=====\n{pem}"),
            format!("Certificate:\n    Data: -----\n{pem}trailing text"),
            format!("{pem}-----BEGIN CERTIFICATE-----\nAAAA"),
            format!("{}{}{pem}", block(""), block("AAAA")),
            format!("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n{pem}"),
            format!("-----BEGIN ?-----\n\r!\n-----END ?-----\n{pem}"),
        ] {
            Store::new(&usual).accepts_by_bundle(&leaf);
        }
        Store::new([b"Pr\xfcfstelle\n", pem.as_bytes()].concat()).accepts_by_bundle(&leaf);
        for unusual in [
            pem.replace('\n', "\r"),
            pem.replace('\n', " \n"),
            block(&body.replace('M', "M ")),
            pem.replace("END CERTIFICATE-----", "END CERTIFICATE-----,"),
            format!("text\r{pem}"),
            format!("{}{pem}", block("!")),
            format!("-----BEGIN NOTHING-----\n{pem}"),
            format!("-----END CERTIFICATE-----\n{pem}"),
        ] {
            Store::new(&unusual).accepts_by_whole_store(&leaf);
        }
        let trusted = pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        for none in ["", "\0\0\0", &trusted, &pem[..pem.len() / 2], &block("AAAA")] {
            assert!(Store::new(none).refuses(&leaf).contains(EMPTY_STORE));
        }
        let other = Authority::new("other").root();
        assert!(Store::new(trusted + &other).refuses(&leaf).contains("UnknownIssuer"));
    }

    #[test]
    fn what_is_refused_is_refused_with_the_whole_stores_words() {
        let root = Authority::new("root");
        let store = Store::new(root.root());
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["other.example".to_owned()]).unwrap();
        assert!(store.refuses(&[root.sign(&params, &key)]).contains("not valid for name"));
        params.not_after = date_time_ymd(2020, 1, 1);
        assert!(store.refuses(&[root.sign(&params, &key)]).contains("expired"));
        store.refuses(&[Der::from(b"no certificate".as_slice())]);
        // No authority, yet it signs.
        let mut impostor = Authority::new("impostor");
        impostor.params.is_ca = IsCa::ExplicitNoCa;
        store.refuses(&[impostor.sign_server(), root.sign_authority(&impostor)]);
    }

    #[test]
    fn a_roots_own_dates_do_not_matter_to_either() {
        let mut root = Authority::new("root");
        root.params.not_after = date_time_ymd(2020, 1, 1);
        Store::new(root.root()).accepts_by_bundle(&[root.sign_server()]);
        Store::new("").with("root.pem", root.root()).accepts_by_whole_store(&[root.sign_server()]);
    }

    #[test]
    fn a_bundle_that_is_no_file_is_left_to_the_whole_store() {
        let root = Authority::new("root");
        let store = Store::new("").with("root.pem", root.root());
        fs::remove_file(store.bundle()).unwrap();
        fs::create_dir(store.bundle()).unwrap();
        store.accepts_by_whole_store(&[root.sign_server()]);
    }

    #[test]
    fn every_root_of_this_machines_bundle_is_read() {
        let Some(path) = default_bundle() else {
            std::io::stderr().write_all(b"SKIPPED: this machine has no bundle\n").unwrap();
            return;
        };
        let pem = fs::read(&path).unwrap();
        let whole = load_certs_from_paths(Some(&path), None);
        // A root names itself as its issuer, so that each of them asks for itself.
        let read = roots_for(&whole.certs.iter().collect::<Vec<_>>(), &pem);
        let sorted = |store: RootCertStore| {
            let mut roots = store.roots;
            roots.sort_by(|a, b| a.subject_public_key_info.cmp(&b.subject_public_key_info));
            roots
        };
        assert_eq!(sorted(read), sorted(all_roots(whole).unwrap()));
    }

    proptest! {
        /// The short cut must not find what the whole store has not.
        #[test]
        fn a_root_that_is_read_is_one_that_the_whole_store_has(
            pieces in proptest::collection::vec(prop_oneof![
                4 => Just("-----BEGIN CERTIFICATE-----"),
                4 => Just("-----END CERTIFICATE-----"),
                4 => Just("the root"),
                8 => Just("\n"),
                2 => Just("\r"),
                1 => Just("-----BEGIN X509 CRL-----"),
                1 => Just("-----END X509 CRL-----"),
                1 => Just("-----BEGIN TRUSTED CERTIFICATE-----"),
                1 => Just("-----END TRUSTED CERTIFICATE-----"),
                1 => prop_oneof![Just("-----"), Just("AAAA"), Just("AA=="), Just("="), Just(" ")],
            ], 0..16),
            usual in any::<bool>(),
        ) {
            let pem = ROOT.root();
            let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            let joint = if usual { "\n" } else { "" };
            let text = pieces.join(joint).replace("the root", &body);
            let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            let read = roots_for(&[&root], text.as_bytes()).len();
            let whole = CertificateDer::pem_slice_iter(text.as_bytes());
            prop_assert!(read <= whole.flatten().filter(|found| *found == root).count());
        }
    }

    static ROOT: LazyLock<Authority> = LazyLock::new(|| Authority::new("root"));
}
